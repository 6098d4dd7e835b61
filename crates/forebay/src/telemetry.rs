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
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::filter_fn, layer::SubscriberExt, reload};

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
    let format = format.with_filter(filter_fn(keeps_secrets));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(filter).with(format))
        .context("the log was started twice")?;
    Ok(Telemetry { queue, level: Level(handle) })
}

/// Whether a message may be written at any level. The SDK for S3 writes whole requests below *info*, with their signatures, session
/// tokens and keys of encryption, and the client of NATS writes whole messages: whoever raises the level does not ask for those.
fn keeps_secrets(message: &Metadata<'_>) -> bool {
    let most = match message.target() {
        sdk if sdk.starts_with("aws_") => LevelFilter::INFO,
        // What it says at *info*, we say ourselves.
        nats if nats.starts_with("async_nats") => LevelFilter::WARN,
        _ => LevelFilter::TRACE,
    };
    *message.level() <= most
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

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt};

    use super::keeps_secrets;

    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_level_shows_the_requests_of_the_sdk() {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let writer = {
            let written = Arc::clone(&written);
            move || Written(Arc::clone(&written))
        };
        let format =
            tracing_subscriber::fmt::layer().with_writer(writer).with_filter(filter_fn(keeps_secrets));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(format), || {
            tracing::trace!(target: "aws_smithy_runtime::client", "a-secret");
            tracing::debug!(target: "aws_sigv4::sign", "a-secret");
            tracing::info!(target: "async_nats::connector", "a-secret");
            tracing::warn!(target: "aws_config::profile", "a warning");
            tracing::trace!(target: "forebay_net", "a trace");
        });
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.contains("a warning") && text.contains("a trace"), "{text}");
        assert!(!text.contains("a-secret"), "{text}");
    }
}
