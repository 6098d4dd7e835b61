//! The two forms of a record: one JSON object on a line for machines, or one line of text for eyes.
//!
//! Both have the same fields in the same order and the same escapes: whatever a client sent stays inside its
//! quotes and on its line, so that nobody can write a record of his own into the log, nor speak to a terminal.
//! The text begins as the program's own messages do: time, level, what happened; then `name=value`, with quotes
//! around what a client or a service has said.

use std::time::{Duration, SystemTime};

use super::WhiteSpace;
use super::classify::Level;
use super::format::{Escaper, millis, number, timestamp};

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON object on a line.
    #[default]
    Json,
    /// One line of text.
    Text,
}

/// A record that is being written.
pub(super) struct Fields<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) form: LogForm,
}

impl<'a> Fields<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, form: LogForm) -> Self {
        Self { out, form }
    }

    /// Everything up to the message, which is to be escaped.
    pub(super) fn opening(&mut self, at: SystemTime, level: Level) {
        match self.form {
            LogForm::Json => {
                self.raw("{\"timestamp\":\"");
                timestamp(self.out, at);
                self.raw("\",\"level\":\"");
                self.raw(level.name());
                self.raw("\",\"message\":\"");
            }
            LogForm::Text => {
                timestamp(self.out, at);
                let name = level.name();
                self.raw(&"      "[..6 - name.len().min(5)]);
                self.raw(name);
                self.raw(" access: ");
            }
        }
    }

    /// The end of the message.
    pub(super) fn message_ends(&mut self) {
        if self.form == LogForm::Json {
            self.raw("\"");
        }
    }

    pub(super) fn closing(&mut self) {
        self.raw(match self.form {
            LogForm::Json => "}\n",
            LogForm::Text => "\n",
        });
    }

    /// `,"name":` or ` name=`
    pub(super) fn name(&mut self, name: &str) {
        let (before, after) = match self.form {
            LogForm::Json => (",\"", "\":"),
            LogForm::Text => (" ", "="),
        };
        self.raw(before);
        self.raw(name);
        self.raw(after);
    }

    /// A field whose value needs no escape and has no blank.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote();
        self.raw(value);
        self.quote();
    }

    /// A field with at most `max` escaped bytes of the value; an ellipsis shows a cut.
    pub(super) fn string(&mut self, name: &str, value: &[u8], max: usize) {
        self.name(name);
        self.raw("\"");
        self.escaped(&String::from_utf8_lossy(value), max);
        self.raw("\"");
    }

    pub(super) fn escaped(&mut self, value: &str, max: usize) {
        let mut escaper = Escaper::new(self.out, max, WhiteSpace::Keep);
        escaper.push(value);
        if escaper.is_cut() {
            self.raw("…");
        }
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        number(self.out, value);
    }

    pub(super) fn millis(&mut self, name: &str, time: Duration) {
        self.name(name);
        millis(self.out, time);
    }

    pub(super) fn time(&mut self, name: &str, at: SystemTime) {
        self.name(name);
        self.quote();
        timestamp(self.out, at);
        self.quote();
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// JSON has its quotes around every text.
    fn quote(&mut self) {
        if self.form == LogForm::Json {
            self.raw("\"");
        }
    }
}
