//! What the program prints, where, and how it ends.
//!
//! Data goes to standard output, everything else to standard error; a reader that closes standard output early
//! (`| head`) is no error.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use forebay_store::Validator;

/// How the program ends. The numbers are an interface: scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Some of many objects failed, and others did not.
    SomeFailed = 3,
    /// The bytes are not those that were promised, or could not be proven as far as was demanded.
    Integrity = 4,
    /// A transfer was interrupted; or a server was asked to end a second time.
    Interrupted = 130,
}

/// An error and what it means for the caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

/// What a command comes to.
pub(crate) type Outcome = Result<Exit, Failure>;

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Failed, error }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::usage(error.into())
    }
}

impl Failure {
    /// The command line, the configuration or what it names is wrong: nothing was begun.
    pub(crate) fn usage(error: anyhow::Error) -> Self {
        Self { exit: Exit::Usage, error }
    }
}

/// Prints data.
pub(crate) fn data(text: impl Display) -> Outcome {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => gone(error),
    }
}

/// Prints line after line, many in a write, as long as there are any and somebody reads them.
pub(crate) async fn lines(mut next: impl AsyncFnMut() -> Result<Option<String>, Failure>) -> Outcome {
    let mut out = io::BufWriter::new(io::stdout());
    while let Some(line) = next().await? {
        if let Err(error) = writeln!(out, "{line}") {
            return gone(error);
        }
    }
    match out.flush() {
        Ok(()) => Ok(Exit::Done),
        Err(error) => gone(error),
    }
}

/// Standard output takes no more: whoever read it has seen enough, or it is in trouble.
fn gone(error: io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        _ => Err(anyhow::Error::new(error).context("cannot write to standard output").into()),
    }
}

/// An entity tag as it stands in its header.
pub(crate) fn etag(tag: &Validator) -> String {
    String::from_utf8_lossy(tag.text()).into_owned()
}

/// Prints a value for machines.
pub(crate) fn json(value: &impl serde::Serialize) -> Outcome {
    data(serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?)
}

/// Prints on standard error what goes with the data and is not part of it, as it is.
pub(crate) fn beside(text: impl Display) {
    // There is nobody left to tell if standard error is gone.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Says something to the person.
pub(crate) fn say(text: impl Display) {
    // There is nobody left to tell if standard error is gone.
    drop(writeln!(io::stderr().lock(), "forebay: {text}"));
}

/// Says why the command failed: the error and its causes on one line.
pub(crate) fn report(failure: &Failure) -> Exit {
    say(format_args!("{:#}", failure.error));
    failure.exit
}

/// Prints what the command line's reader answers: help, the version, or what is wrong.
pub(crate) fn usage(answer: &clap::Error) -> Exit {
    drop(answer.print());
    if answer.use_stderr() { Exit::Usage } else { Exit::Done }
}
