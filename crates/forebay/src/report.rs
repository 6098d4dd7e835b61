//! What is said of objects while they are moved: a bar on a terminal, a line of JSON for each thing that happened, or nothing but what
//! failed; and a summary in which "verified" is a level.
//!
//! Lines of JSON go to standard output, unless that carries objects. Everything for people goes to standard error.

mod bar;
mod event;
mod tally;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};

use forebay_transfer::{Progress, TransferError};
use tokio::time::Instant;

use self::bar::Bar;
pub(crate) use self::{
    event::{Event, ObjectEvent, Status, Summary},
    tally::Tally,
};
use crate::output::{self, Exit, Form};

/// Where data goes, and so where lines of JSON do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// Objects go to files or stores.
    Elsewhere,
    /// Objects go to standard output.
    Stdout,
}

/// Says what happens, and counts it.
pub(crate) struct Reporter {
    form: Form,
    data: Data,
    many: bool,
    began: Instant,
    bar: Option<Bar>,
    progress: Progress,
    tally: Tally,
}

impl Reporter {
    /// A reporter that looks at these counters.
    pub(crate) fn new(form: Form, data: Data, progress: Progress) -> Self {
        let bar = (form == Form::Text && io::stderr().is_terminal()).then(|| Bar::start(progress.clone()));
        Self { form, data, many: false, began: Instant::now(), bar, progress, tally: Tally::default() }
    }

    /// There may be more than one object.
    pub(crate) fn expect_many(&mut self) {
        self.many = true;
    }

    /// An object is being moved now.
    pub(crate) fn begin(&self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.current(name);
        }
    }

    /// An object has come to its end, whichever.
    pub(crate) fn ended(&mut self, event: &ObjectEvent) {
        self.tally.count(event);
        match self.form {
            Form::Json => self.line(&Event::Object(event)),
            Form::Text => {
                // One object done is told by the summary; of many, only what needs somebody's attention.
                let wanted = match event.status {
                    Status::Failed | Status::WouldMove | Status::WouldDelete => true,
                    Status::Skipped => !self.many,
                    Status::Done | Status::Deleted => false,
                };
                if wanted {
                    self.say(&event.to_string());
                }
            }
        }
    }

    /// How far it all is, for machines.
    pub(crate) fn tick(&self) {
        if self.form == Form::Json {
            self.line(&Event::Progress {
                seconds: self.began.elapsed().as_secs_f64(),
                seen: self.progress.seen(),
            });
        }
    }

    /// Something that is the matter with the whole.
    pub(crate) fn failed(&mut self, error: &TransferError) {
        self.tally.count_error(error);
        match self.form {
            Form::Json => self.line(&Event::Error { kind: error.kind().name(), message: error.to_string() }),
            Form::Text => self.say(&error.to_string()),
        }
    }

    /// The last line, and how it all ended.
    pub(crate) fn finish(mut self, interrupted: Option<&str>) -> Exit {
        if let Some(bar) = self.bar.take() {
            bar.end();
        }
        let exit = self.tally.exit(interrupted.is_some());
        let summary = Summary::of(&self.tally, self.progress.seen(), self.began.elapsed(), exit);
        match self.form {
            Form::Json => self.line(&Event::Summary(&summary)),
            Form::Text if self.tally.is_worth_a_summary() => output::say(&summary),
            Form::Text => {}
        }
        if let Some(state) = interrupted {
            output::say(format_args!("interrupted: {state}"));
        }
        exit
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.above(&format!("forebay: {text}")),
            None => output::say(text),
        }
    }

    fn line(&self, event: &Event<'_>) {
        let Ok(text) = serde_json::to_string(event) else { return };
        // Whoever stopped reading the lines still wants the objects.
        let _unread = match self.data {
            Data::Elsewhere => writeln!(io::stdout().lock(), "{text}"),
            Data::Stdout => writeln!(io::stderr().lock(), "{text}"),
        };
    }
}
