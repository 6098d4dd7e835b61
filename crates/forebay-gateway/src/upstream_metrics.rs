//! Figures of what is read from across a network, for Prometheus (OpenMetrics).
//!
//! | name | labels | what |
//! |---|---|---|
//! | `forebay_upstream_bytes_total` | | body bytes received from the store for answers |
//! | `forebay_upstream_continued_total` | | times an answer went on over another connection to the store |
//! | `forebay_upstream_failures_total` | `error` | reads for answers that failed for good |

use std::sync::Arc;

use forebay_store::StoreErrorKind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    error: &'static str,
}

/// The figures. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct UpstreamMetrics(Arc<Figures>);

#[derive(Debug, Default)]
struct Figures {
    bytes: Counter,
    continued: Counter,
    failures: Family<Of, Counter>,
}

impl UpstreamMetrics {
    /// Registers the figures, whose names begin with `forebay_upstream_`.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("forebay_upstream");
        own.register("bytes", "Body bytes received from the store for answers", self.0.bytes.clone());
        own.register(
            "continued",
            "Times an answer went on over another connection to the store",
            self.0.continued.clone(),
        );
        own.register("failures", "Reads for answers that failed for good", self.0.failures.clone());
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.0.bytes.inc_by(bytes);
    }

    pub(crate) fn continued(&self, times: u32) {
        self.0.continued.inc_by(times.into());
    }

    pub(crate) fn failed(&self, kind: StoreErrorKind) {
        self.0.failures.get_or_create(&Of { error: kind.name() }).inc();
    }
}
