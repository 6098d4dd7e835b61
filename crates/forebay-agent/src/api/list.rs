//! A list of URLs on its way into the queue: what is no URL is noted, and the rest goes on.

use axum::body::Body;
use serde::Deserialize;

use super::lines::{Line, Lines};
use super::problem::Problem;
use super::terms::JobRequest;
use super::views::BadUrl;
use crate::queue::Submission;
use crate::target::Target;

/// Bad lines that are told one by one.
const TOLD_MAX: usize = 1000;

/// What became of a list: how many URLs it had, and the lines that are none.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) urls: u64,
    pub(super) told: Vec<BadUrl>,
    pub(super) rejected: u64,
}

/// What a line of JSON says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Bare(String),
    Object { url: String },
}

/// How URLs stand in lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One a line; empty lines and those that begin with `#` are left out.
    Plain,
    /// A JSON string a line, or an object with `url`.
    Json,
}

/// A list that is being read.
#[derive(Debug)]
pub(super) struct List {
    lines: Lines,
    form: Form,
}

impl List {
    pub(super) fn new(body: Body, most: u64, form: Form) -> Self {
        Self { lines: Lines::new(body, most), form }
    }

    /// What comes before the URLs: the first line that is not empty.
    pub(super) async fn head(&mut self) -> Result<JobRequest, Problem> {
        while let Some(line) = self.lines.next().await? {
            match line.text {
                Some(text) if text.trim_ascii().is_empty() => {}
                // That the first line has to be one, no schema of a text can say.
                Some(text) => {
                    let job = serde_json::from_slice(&text);
                    return job.map_err(|error| {
                        Problem::impossible(format!("the job, in the first line: {error}"))
                    });
                }
                None => break,
            }
        }
        Err(Problem::impossible("the first line has to be the job: {\"action\":\"purge\"}"))
    }

    /// Takes in all that follows.
    pub(super) async fn take_in(mut self, to: &mut Submission) -> Result<Taken, Problem> {
        let mut taken = Taken::default();
        while let Some(line) = self.lines.next().await? {
            let number = line.number;
            match self.read(line) {
                Ok(None) => {}
                Ok(Some(target)) => {
                    to.add(&target).await?;
                    taken.urls += 1;
                }
                Err(reason) => taken.reject(number, reason),
            }
        }
        Ok(taken)
    }

    fn read(&self, line: Line) -> Result<Option<Target>, String> {
        let text = line.text.ok_or("the line is longer than any URL")?;
        let text = std::str::from_utf8(&text).map_err(|_| "not UTF-8")?.trim();
        let parse = |url: &str| Target::parse(url).map(Some).map_err(|error| error.to_string());
        match self.form {
            _ if text.is_empty() => Ok(None),
            Form::Plain if text.starts_with('#') => Ok(None),
            Form::Plain => parse(text),
            Form::Json => match serde_json::from_str(text) {
                Ok(Entry::Bare(url) | Entry::Object { url }) => parse(&url),
                Err(_) => Err("neither a JSON string nor an object with a \"url\"".to_owned()),
            },
        }
    }
}

impl Taken {
    pub(super) fn reject(&mut self, line: u64, reason: String) {
        self.rejected += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(BadUrl { line, reason });
        }
    }
}
