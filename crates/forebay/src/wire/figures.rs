//! The log's own figures: a log that drops records silently would be believed.

use std::fmt;

use forebay_tower::LogQueue;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// `forebay_log_…` on the metrics page.
#[derive(Debug)]
pub(super) struct LogFigures(pub(super) LogQueue);

impl Collector for LogFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.0.stats();
        let queued = ConstGauge::new(i64::try_from(stats.queued_bytes).unwrap_or(i64::MAX));
        let counters = [
            ("forebay_log_records", "Records taken into the log's queue", stats.accepted_total),
            (
                "forebay_log_dropped",
                "Records that the log lost: no room, or an error of its output",
                stats.dropped_total,
            ),
            ("forebay_log_write_errors", "Errors of the log's output", stats.write_errors_total),
        ];
        let help = "Bytes of records that wait to be written";
        let encode =
            encoder.encode_descriptor("forebay_log_queued_bytes", help, None, queued.metric_type())?;
        queued.encode(encode)?;
        for (name, help, count) in counters {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
