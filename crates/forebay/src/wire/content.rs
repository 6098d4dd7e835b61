//! What is served: a directory, a bucket or a web server as a store, and the gateway before it.

use std::{path::Path, sync::Arc};

use anyhow::anyhow;
use forebay_budget::{Class, FdLedger, Ledger, Plan};
use forebay_gateway::{GatewayOptions, Uploads};
use forebay_net::client::Client;
use forebay_s3::{S3Account, Sse};
use forebay_store::{
    Dotfiles, Durability, LocalOptions, LocalStore, RemoteStore, RemoteStoreOptions, Store, Symlinks,
    Writable,
    origin::{Origin, OriginOptions},
    remote::{Bucket, Remote, Tenacity},
};
use forebay_transfer::{BucketStore, Concurrency, DepositOptions, Engine, EngineOptions};
use url::Url;

use super::upstreams::UpstreamFigures;
use crate::{
    args::OtherSide,
    config::{self, Config},
    output::Failure,
    place::{self, Place, S3Place},
    reach,
};

/// What is served, and what it is reached by.
pub(super) struct Content {
    pub(super) store: Arc<dyn Store>,
    /// The same store for those who may change it, if anybody may.
    pub(super) uploads: Option<Uploads>,
    /// Connections of our own, and the health of who is at their other end, where it is not on this machine.
    pub(super) upstream: Option<UpstreamFigures>,
}

/// Opens what `root` names.
pub(super) async fn open(
    config: &Config,
    plan: &Plan,
    ledger: &Ledger,
    fds: &FdLedger,
) -> Result<Content, Failure> {
    let root = &config.serve.root;
    if root.as_os_str().is_empty() {
        return Err(Failure::usage(anyhow!(
            "say what to serve: forebay serve DIR, s3://BUCKET or https://HOST/"
        )));
    }
    let place = Place::parse(root.as_os_str()).map_err(|error| Failure::usage(anyhow::Error::new(error)))?;
    let client = || reach::client(config, ledger, fds.clone(), plan.upstream()).map(Client::new);
    match place {
        Place::Local(path) => {
            let store = local_store(&path, config, ledger, fds)?;
            let uploads = uploads(config, || Arc::clone(&store) as _);
            Ok(Content { store, uploads, upstream: None })
        }
        Place::Stream => Err(Failure::usage(anyhow!(
            "`-` cannot be served: name a directory, s3://BUCKET or https://HOST/"
        ))),
        Place::S3(place) => {
            let client = client()?;
            let options = reach::s3(config, &OtherSide::default(), &Sse::Bucket)?;
            let bucket = S3Account::connect(options, client.clone()).await.bucket(place.bucket.clone());
            let bucket: Arc<dyn Bucket> = Arc::new(bucket);
            let uploads = uploads(config, || {
                let reading = reading(below(&place), config, ledger);
                Arc::new(BucketStore::new(
                    Arc::clone(&bucket),
                    engine(config, plan, ledger),
                    reading,
                    DepositOptions::default(),
                ))
            });
            Ok(Content { uploads, ..remote(bucket, below(&place), config, ledger, client) })
        }
        Place::Web(_) if config.upload.upload.as_ref().is_some() => Err(Failure::usage(anyhow!(
            "a web server is only read: leave --upload out, or serve a directory or s3://BUCKET"
        ))),
        Place::Web(url) => {
            let client = client()?;
            let origin = origin(url, client.clone())?;
            Ok(remote(Arc::new(origin), String::new(), config, ledger, client))
        }
    }
}

fn local_store(
    root: &Path,
    config: &Config,
    ledger: &Ledger,
    fds: &FdLedger,
) -> Result<Arc<LocalStore>, Failure> {
    let store = LocalStore::open(root, local(config, ledger, fds));
    Ok(Arc::new(store.map_err(|error| Failure::usage(anyhow::Error::new(error)))?))
}

/// What of the settings a gateway has to know to take objects in.
pub(super) fn uploads(config: &Config, store: impl FnOnce() -> Arc<dyn Writable>) -> Option<Uploads> {
    let verbs = config.upload.upload.as_ref()?.0;
    let object_max = config.limits.body_max.as_ref().copied();
    Some(Uploads { store: store(), verbs, object_max })
}

/// A prefix is served like a directory: nothing that only begins with the same letters is in it.
fn below(place: &S3Place) -> String {
    match place.key.as_str() {
        "" => String::new(),
        key if key.ends_with('/') => key.to_owned(),
        key => format!("{key}/"),
    }
}

fn origin(mut url: Url, client: Client) -> Result<Origin, Failure> {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    let shown = place::shown(&url);
    Origin::new(url, client, OriginOptions::default())
        .map_err(|error| Failure::usage(anyhow!("`{shown}`: {error}")))
}

fn remote(
    remote: Arc<dyn Remote>,
    prefix: String,
    config: &Config,
    ledger: &Ledger,
    client: Client,
) -> Content {
    let options = reading(prefix, config, ledger);
    let upstream = UpstreamFigures { client, peer: remote.peer().clone() };
    Content { store: Arc::new(RemoteStore::new(remote, options)), uploads: None, upstream: Some(upstream) }
}

/// How what lies across a network is read.
fn reading(prefix: String, config: &Config, ledger: &Ledger) -> RemoteStoreOptions {
    RemoteStoreOptions {
        prefix: prefix.into(),
        ledger: ledger.clone(),
        patience: config.memory.queue_timeout.0,
        tenacity: Tenacity::default(),
    }
}

/// What uploads go to a bucket through: as many requests at once as the plan has connections for.
fn engine(config: &Config, plan: &Plan, ledger: &Ledger) -> Engine {
    let connections = plan.capacity(Class::Upstreams).as_u64() / plan.upstream().cost().as_u64();
    let concurrency = Concurrency::UpTo(u32::try_from(connections).unwrap_or(u32::MAX).max(1));
    let options = EngineOptions { ledger: ledger.clone(), concurrency, tenacity: Tenacity::default() };
    Engine::paced(options, reach::pace(config))
}

/// What of a directory may be seen.
pub(super) fn local(config: &Config, ledger: &Ledger, fds: &FdLedger) -> LocalOptions {
    let mut options = LocalOptions::new(ledger.clone(), fds.clone());
    options.symlinks = match config.content.symlinks {
        config::Symlinks::Inside => Symlinks::FollowInside,
        config::Symlinks::Never => Symlinks::Refuse,
    };
    options.dotfiles = if config.content.hidden { Dotfiles::Serve } else { Dotfiles::Hide };
    options.patience = config.memory.queue_timeout.0;
    options.durability = if config.upload.upload_durable { Durability::Synced } else { Durability::Left };
    options.free_min = config.upload.disk_reserve;
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
