//! What is served: the directory as a store, and the gateway before it.

use std::{path::Path, sync::Arc};

use anyhow::anyhow;
use forebay_budget::{FdLedger, Ledger};
use forebay_gateway::GatewayOptions;
use forebay_store::{Dotfiles, LocalOptions, LocalStore, Symlinks};

use crate::{
    config::{self, Config},
    output::Failure,
};

/// Opens the root.
pub(super) fn store(config: &Config, ledger: &Ledger, fds: &FdLedger) -> Result<Arc<LocalStore>, Failure> {
    let root: &Path = &config.serve.root;
    if root.as_os_str().is_empty() {
        return Err(Failure::usage(anyhow!("say what to serve: forebay serve DIR")));
    }
    let mut options = LocalOptions::new(ledger.clone(), fds.clone());
    options.symlinks = match config.content.symlinks {
        config::Symlinks::Inside => Symlinks::FollowInside,
        config::Symlinks::Never => Symlinks::Refuse,
    };
    options.dotfiles = if config.content.hidden { Dotfiles::Serve } else { Dotfiles::Hide };
    options.patience = config.memory.queue_timeout.0;
    let store = LocalStore::open(root, options);
    store.map(Arc::new).map_err(|error| Failure::usage(anyhow::Error::new(error)))
}

/// How it is presented.
pub(super) fn gateway(config: &Config) -> GatewayOptions {
    let content = &config.content;
    GatewayOptions {
        listing: content.listing,
        archive: content.archive,
        index: content.index.clone().on(),
        root_index: content.root_index.clone().on(),
        spa_fallback: content.spa_fallback.clone().on(),
        compress: content.compress,
        precompressed: content.precompressed,
        cache_control: content.cache_control.clone(),
        patience: config.memory.queue_timeout.0,
        ..GatewayOptions::default()
    }
}
