//! `forebay doctor`: what this machine allows, and what to change before serving. Each finding is one line that
//! says what was found and, where something could be better, what to do.
//!
//! Nothing is changed and nothing is written: probes read, bind a free port for a moment, and let go.

mod bucket;
mod kernel;
mod limits;
mod place;

use std::fmt;

use forebay_s3::Depth;
use serde::Serialize;

use crate::{
    args::Sources,
    config::Config,
    output::{self, Exit, Form, Outcome},
    place::Place,
};

/// One line of the report.
#[derive(Debug, Serialize)]
struct Finding {
    state: State,
    about: &'static str,
    found: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Ok,
    /// Serving works, and could work better.
    Warn,
    /// Serving will not work.
    Fail,
}

pub(crate) fn run(sources: &Sources, form: Form, depth: Depth) -> Outcome {
    let settings = sources.load()?;
    let config = settings.to_config()?;
    let findings = match Place::parse(config.serve.root.as_os_str()) {
        Ok(Place::S3(place)) => bucket::findings(sources, form, &place, depth)?,
        _ => of_this_machine(&config),
    };
    match form {
        Form::Json => output::json(&findings)?,
        Form::Text => {
            let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
            output::data(lines.join("\n"))?
        }
    };
    let in_the_way = findings.iter().any(|finding| finding.state == State::Fail);
    Ok(if in_the_way { Exit::Failed } else { Exit::Done })
}

fn of_this_machine(config: &Config) -> Vec<Finding> {
    [
        limits::memory(config),
        limits::descriptors(),
        limits::processors(config),
        limits::sockets(config),
        kernel::features(&config.serve.root),
        place::root(&config.serve.root),
        place::addresses(config),
        place::certificate(config),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Finding {
    fn ok(about: &'static str, found: impl Into<String>) -> Self {
        Self { state: State::Ok, about, found: found.into(), advice: None }
    }

    fn warn(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Warn, about, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Fail, about, found: found.into(), advice: Some(advice.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        write!(f, "{state:<5} {:<12} {}", self.about, self.found)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}
