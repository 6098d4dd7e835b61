//! The log: where the program's own messages go, and how much of them.
//!
//! Messages and access records share one bounded queue and one thread that writes to standard error, so that a
//! full disk or a slow terminal holds up no request: what finds no room is dropped and counted. The level can
//! be changed while the program runs, by the admin port and by SIGHUP.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use forebay_admin::LogLevel;
use forebay_budget::{ByteSize, Ledger};
use forebay_tower::access_log::{LogForm, LogQueue};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, reload};

use crate::config::{self, Directives, LogFormat};

/// The log of a running server.
#[derive(Debug)]
pub(crate) struct Telemetry {
    /// Takes access records too.
    pub(crate) queue: LogQueue,
    pub(crate) level: Level,
}

/// What the log lets through, and the handle to change it.
#[derive(Clone, Debug)]
pub(crate) struct Level(reload::Handle<EnvFilter, Registry>);

/// Starts the log's thread and makes it the place of all messages.
pub(crate) fn start(config: &config::Log, ledger: &Ledger, capacity: ByteSize) -> anyhow::Result<Telemetry> {
    let form = form(config.log_format);
    let queue = LogQueue::start_as(form, io::stderr(), ledger, capacity);
    let queue = queue.context("cannot start the log's thread")?;
    let filter = config.log_level.to_filter().map_err(anyhow::Error::msg).context("log-level")?;
    let (filter, handle) = reload::Layer::new(filter);
    let writer = {
        let queue = queue.clone();
        move || Line(queue.clone())
    };
    let format = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let format = match form {
        LogForm::Json => format.json().flatten_event(true).boxed(),
        LogForm::Text => format.boxed(),
    };
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(filter).with(format))
        .context("the log was started twice")?;
    Ok(Telemetry { queue, level: Level(handle) })
}

/// The form of messages and of access records.
pub(crate) fn form(format: LogFormat) -> LogForm {
    match format {
        LogFormat::Auto if io::stderr().is_terminal() => LogForm::Text,
        LogFormat::Text => LogForm::Text,
        LogFormat::Json | LogFormat::Auto => LogForm::Json,
    }
}

impl LogLevel for Level {
    fn current(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }

    fn replace(&self, directives: &str) -> Result<(), String> {
        self.0.reload(directives.parse::<Directives>()?.to_filter()?).map_err(|error| error.to_string())
    }
}

/// One message on its way into the queue. The formatter writes a whole line at once.
#[derive(Debug)]
struct Line(LogQueue);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
