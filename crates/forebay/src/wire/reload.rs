//! SIGHUP: read again what can change while clients are served, and say what cannot.

use forebay_admin::LogLevel;
use forebay_net::TlsConfig;
use forebay_tower::BandwidthLayer;

use crate::{args::Sources, config::Settings, telemetry::Level};

/// What a reload needs.
#[derive(Clone, Debug)]
pub(super) struct Reload {
    pub(super) sources: Sources,
    /// What is in force.
    pub(super) settings: Settings,
    pub(super) tls: Option<TlsConfig>,
    pub(super) level: Level,
    /// There if bandwidth was limited at the start.
    pub(super) bandwidth: Option<BandwidthLayer>,
}

impl Reload {
    /// Reads the settings, the certificate and the key again. What is wrong is logged and leaves in force what
    /// was.
    pub(super) async fn run(&self) {
        let reload = self.clone();
        let files = tokio::task::spawn_blocking(move || {
            reload.certificate();
            reload.level_and_the_rest();
        });
        if let Err(error) = files.await {
            tracing::error!(%error, "the reload did not end");
        }
    }

    fn certificate(&self) {
        match self.tls.as_ref().map(TlsConfig::reload) {
            None => {}
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            Some(Err(error)) => tracing::error!(%error, "the certificate in use stays"),
        }
    }

    fn level_and_the_rest(&self) {
        let fresh = match self.sources.load().and_then(|settings| Ok((settings.to_config()?, settings))) {
            Ok((config, settings)) => {
                match self.level.replace(config.log.log_level.as_str()) {
                    Ok(()) => tracing::info!(
                        log_level = config.log.log_level.as_str(),
                        "the configuration was read again"
                    ),
                    Err(error) => tracing::error!(error, "the log level in use stays"),
                }
                if let Some(bandwidth) = &self.bandwidth {
                    bandwidth.set_per_client(config.clients.client_bandwidth.on());
                    bandwidth.set_total(config.clients.total_bandwidth.on());
                }
                settings
            }
            Err(error) => return tracing::error!(%error, "the configuration in use stays"),
        };
        let changed: Vec<_> = self.settings.changed(&fresh).filter(|key| !self.is_live(key)).collect();
        if !changed.is_empty() {
            tracing::warn!(settings = changed.join(", "), "these have changed and need a restart");
        }
    }

    /// Whether a change of this setting is in force after a reload.
    fn is_live(&self, key: &str) -> bool {
        match key {
            "log-level" => true,
            "client-bandwidth" | "total-bandwidth" => self.bandwidth.is_some(),
            _ => false,
        }
    }
}
