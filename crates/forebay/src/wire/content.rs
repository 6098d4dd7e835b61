//! What is served: the directory as a store, and the gateway before it.

use std::{path::Path, sync::Arc};

use anyhow::anyhow;
use forebay_budget::{FdLedger, Ledger, Plan};
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
    let store = LocalStore::open(root, local(config, ledger, fds));
    store.map(Arc::new).map_err(|error| Failure::usage(anyhow::Error::new(error)))
}

/// What of it may be seen.
pub(super) fn local(config: &Config, ledger: &Ledger, fds: &FdLedger) -> LocalOptions {
    let mut options = LocalOptions::new(ledger.clone(), fds.clone());
    options.symlinks = match config.content.symlinks {
        config::Symlinks::Inside => Symlinks::FollowInside,
        config::Symlinks::Never => Symlinks::Refuse,
    };
    options.dotfiles = if config.content.hidden { Dotfiles::Serve } else { Dotfiles::Hide };
    options.patience = config.memory.queue_timeout.0;
    options
}

/// How it is presented.
pub(super) fn gateway(config: &Config, plan: &Plan) -> GatewayOptions {
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
        read_chunk: plan.sizes.read_chunk,
        patience: config.memory.queue_timeout.0,
        ..GatewayOptions::default()
    }
}
