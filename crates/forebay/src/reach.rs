//! What commands on objects work with: one budget, one client, one engine. The table of contents of a transfer, as `wire` is of a
//! server.

#[cfg(test)]
mod tests;

use std::{fs, sync::Arc};

use anyhow::{Context, anyhow};
use forebay_budget::{
    ByteSize, FdLedger, Ledger, MemoryFacts, TransferAsk, TransferPlan, UpstreamSizes, Work, raise_nofile,
};
use forebay_net::{
    Pace,
    client::{Client, ClientOptions, ClientTls, Proxies},
};
use forebay_s3::{Access, CustomerKey, PathStyle, Payer, S3, S3Account, S3Options, Sse};
use forebay_store::{
    StoreError,
    origin::{Origin, OriginOptions},
    remote::{Facts, ObjectKey, Pin, Remote, Tenacity, Tries, persist},
};
use forebay_transfer::{
    Concurrency, Durability, Engine, EngineOptions, GetOptions, PageCache, verify::Demand,
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::{
    args::{Base, OtherSide, Stored},
    config::{Auto, Config, Pages, Verify},
    output::Failure,
    place::{Place, S3Place},
};

/// Threads that move bytes: two saturate any disk, and each costs memory.
const WORKERS_MAX: usize = 4;
/// Threads that wait for the disk, at most.
const BLOCKING_MAX: usize = 16;
/// Address space for a thread's stack; only touched pages cost memory.
const STACK_BYTES: usize = 2 << 20;

/// Settings, and all that follows from them.
pub(crate) struct Reach {
    pub(crate) config: Config,
    pub(crate) plan: TransferPlan,
    pub(crate) engine: Engine,
    /// What becomes of the page cache of local files.
    pub(crate) page_cache: PageCache,
    client: Client,
    sse: Sse,
}

/// What is done, as far as the plan has to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    pub(crate) work: Work,
    /// Whether anything may come from a web server. It may redirect to an encrypted address, so plain ones count as encrypted.
    pub(crate) web: bool,
    /// Where the source is, if it is in another S3.
    pub(crate) other: Option<&'a OtherSide>,
}

impl Task<'_> {
    /// This, with the S3 of the settings.
    pub(crate) const fn of(work: Work) -> Self {
        Self { work, web: false, other: None }
    }

    /// The same, and any web server.
    pub(crate) const fn with_web(work: Work) -> Self {
        Self { web: true, ..Self::of(work) }
    }

    /// Whether any connection may be encrypted.
    fn is_encrypted(&self, config: &Config) -> bool {
        let plain = |url: &str| url.starts_with("http://");
        let set = Some(config.remote.endpoint_url.clone()).filter(|url| !url.is_empty());
        let set = set.or_else(|| variable("AWS_ENDPOINT_URL_S3")).or_else(|| variable("AWS_ENDPOINT_URL"));
        let other = self.other.and_then(|other| other.endpoint_url.as_deref());
        self.web || !set.as_deref().is_some_and(plain) || !other.is_none_or(plain)
    }
}

/// What reading a place takes.
pub(crate) struct Found {
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) key: ObjectKey,
}

/// What is known of an object; a place that stumbles is asked again.
pub(crate) async fn facts(
    remote: &dyn Remote,
    key: &ObjectKey,
    pin: Option<&Pin>,
) -> Result<Facts, StoreError> {
    persist(Tries::of(remote, Tenacity::default()), || remote.head(key, pin)).await
}

/// The threads of a command.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    runtime_of(cores.min(WORKERS_MAX))
}

/// So many threads that move bytes.
pub(crate) fn runtime_of(workers: usize) -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(BLOCKING_MAX)
        .thread_stack_size(STACK_BYTES)
        .thread_name("forebay-move")
        .enable_all()
        .build();
    Ok(runtime.context("cannot start the threads")?)
}

impl Reach {
    /// Reads the settings, makes the plan, and what follows from it. Sends nothing.
    pub(crate) fn new(base: &Base, stored: &Stored, task: Task<'_>) -> Result<Self, Failure> {
        let settings = base.sources.load()?;
        let config = settings.to_config()?;
        let nofile = raise_nofile().context("cannot read the limit on open files")?;
        let memory = MemoryFacts::detect();
        let plan = TransferPlan::compute(&ask(&config, &task), &memory, nofile)
            .map_err(|error| Failure::usage(anyhow!("the plan does not fit: {error}")))?;
        let ledger = plan.ledger();
        let options = client(&config, &ledger, FdLedger::new(plan.fds), plan.upstream)?;
        let engine = Engine::paced(engine(&config, &plan, &ledger), pace(&config));
        let (page_cache, sse) = (page_cache(&config, &memory), sse(base, stored)?);
        Ok(Self { client: Client::new(options), engine, plan, page_cache, sse, config })
    }

    /// The S3 that the settings lead to.
    pub(crate) async fn account(&self) -> Result<S3Account, Failure> {
        self.account_of(&OtherSide::default()).await
    }

    /// The same, with what is said of another one in place of the settings.
    pub(crate) async fn account_of(&self, other: &OtherSide) -> Result<S3Account, Failure> {
        let options = s3(&self.config, other, &self.sse)?;
        Ok(S3Account::connect(options, self.client.clone()).await)
    }

    /// The bucket of a place.
    pub(crate) async fn bucket(&self, place: &S3Place) -> Result<S3, Failure> {
        Ok(self.account().await?.bucket(place.bucket.clone()))
    }

    /// The one object that a web address names.
    pub(crate) fn web(&self, url: &Url) -> Result<Found, Failure> {
        let (origin, key) = Origin::of_url(url.clone(), self.client.clone(), OriginOptions::default())
            .map_err(|error| Failure::usage(anyhow!("`{}`: {error}", crate::place::shown(url))))?;
        Ok(Found { remote: Arc::new(origin), key })
    }

    /// The one object that a place names.
    pub(crate) async fn object(&self, place: &Place) -> Result<Found, Failure> {
        match place {
            Place::S3(s3) => {
                let key = ObjectKey::new(s3.key.as_str())
                    .map_err(|error| Failure::usage(anyhow!("`{place}`: {error}")))?;
                Ok(Found { remote: Arc::new(self.bucket(s3).await?), key })
            }
            Place::Web(url) => self.web(url),
            Place::Local(_) | Place::Stream => Err(Failure::usage(anyhow!(
                "`{place}` is no object: write s3://BUCKET/KEY or https://HOST/PATH"
            ))),
        }
    }
}

/// What is asked of the plan.
pub(crate) fn ask(config: &Config, task: &Task<'_>) -> TransferAsk {
    TransferAsk {
        memory: config.memory.memory.given(),
        concurrency: config.transfer.concurrency.given().map(|count| count.0.get()),
        tls: task.is_encrypted(config),
        work: task.work,
    }
}

/// How stores are reached, paid by these ledgers.
pub(crate) fn client(
    config: &Config,
    ledger: &Ledger,
    fds: FdLedger,
    sizes: UpstreamSizes,
) -> Result<ClientOptions, Failure> {
    Ok(ClientOptions {
        connect_timeout: config.remote.connect_timeout.0,
        head_timeout: config.remote.read_timeout.0,
        stall_timeout: config.remote.read_timeout.0,
        tls: trusted(config)?,
        proxies: proxies()?,
        ..ClientOptions::new(ledger.clone(), fds, sizes)
    })
}

fn engine(config: &Config, plan: &TransferPlan, ledger: &Ledger) -> EngineOptions {
    let planned = EngineOptions::planned(plan, ledger);
    match config.transfer.concurrency {
        Auto::Auto => planned,
        Auto::Is(count) => EngineOptions { concurrency: Concurrency::Exactly(count.0.get()), ..planned },
    }
}

pub(crate) fn pace(config: &Config) -> Pace {
    config.transfer.bwlimit.on().map_or_else(Pace::unlimited, Pace::at)
}

/// The S3 that settings lead to, with what is said of another one in their place.
pub(crate) fn s3(config: &Config, other: &OtherSide, sse: &Sse) -> Result<S3Options, Failure> {
    let remote = &config.remote;
    let text = |said: &Option<String>, setting: &str| -> Option<Box<str>> {
        said.as_deref().or(Some(setting)).filter(|text| !text.is_empty()).map(Into::into)
    };
    let endpoint_url = text(&other.endpoint_url, &remote.endpoint_url);
    if let Some(url) = &endpoint_url {
        check_endpoint(url)?;
    }
    let access = match (remote.no_sign_request, text(&other.profile, &remote.profile)) {
        (true, _) => Access::Anonymous,
        (false, Some(profile)) => Access::Profile(profile),
        (false, None) => Access::Chain,
    };
    Ok(S3Options {
        region: text(&other.region, &remote.region),
        endpoint_url,
        access,
        path_style: match remote.path_style {
            Auto::Auto => PathStyle::Auto,
            Auto::Is(true) => PathStyle::On,
            Auto::Is(false) => PathStyle::Off,
        },
        payer: if remote.requester_pays { Payer::Requester } else { Payer::Owner },
        sse: sse.clone(),
        profile: remote.s3_profile.given().map(|profile| profile.0),
        ..S3Options::default()
    })
}

/// How objects are fetched to files, as far as settings say.
pub(crate) fn get_options(config: &Config) -> GetOptions {
    GetOptions {
        part_size: config.transfer.part_size.given(),
        demand: match config.transfer.verify {
            Verify::Full => Demand::Full,
            Verify::Auto => Demand::Free,
        },
        durability: if config.transfer.no_sync { Durability::Unsynced } else { Durability::Synced },
        ..GetOptions::default()
    }
}

/// An object that takes the place of much of what others have in memory will not be found there when it is read again.
fn page_cache(config: &Config, memory: &MemoryFacts) -> PageCache {
    match config.transfer.page_cache {
        Pages::Keep => PageCache::Kept,
        Pages::LetGo => PageCache::LetGo,
        Pages::Auto => memory
            .available()
            .map_or(PageCache::Kept, |all| PageCache::LetGoBeyond(ByteSize::b(all.as_u64() / 4))),
    }
}

fn check_endpoint(url: &str) -> Result<(), Failure> {
    let problem = match Url::parse(url) {
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() => {
            "it has to begin with http:// or https://"
        }
        Ok(parsed)
            if !parsed.username().is_empty() || parsed.password().is_some() || parsed.query().is_some() =>
        {
            "it has a name, a password or a query; credentials are found as the AWS tools find them"
        }
        Ok(_) => return Ok(()),
        Err(_) => "it is no address; write for example http://127.0.0.1:9000",
    };
    Err(Failure::usage(anyhow!("endpoint-url: {problem}")))
}

/// Whom the settings trust besides the system.
pub(crate) fn trusted(config: &Config) -> Result<ClientTls, Failure> {
    let named = Some(config.remote.ca_cert.clone()).filter(|path| !path.as_os_str().is_empty());
    let Some(path) = named.or_else(|| variable("AWS_CA_BUNDLE").map(Into::into)) else {
        return Ok(ClientTls::default());
    };
    let read = || {
        let pem = fs::read(&path).context("it cannot be read")?;
        ClientTls::with_added(&pem).context("give a file of certificates (PEM)")
    };
    read().with_context(|| format!("ca-cert {}", path.display())).map_err(Failure::usage)
}

fn proxies() -> Result<Proxies, Failure> {
    let either = |lower, upper| variable(lower).or_else(|| variable(upper));
    // A server that runs as CGI gets HTTP_PROXY from its clients' headers, so only the small name counts.
    let (http, https) = (variable("http_proxy"), either("https_proxy", "HTTPS_PROXY"));
    let none = either("no_proxy", "NO_PROXY");
    Proxies::parse(http.as_deref(), https.as_deref(), none.as_deref())
        .map_err(|error| Failure::usage(anyhow!("http_proxy, https_proxy: {error}")))
}

fn variable(name: &str) -> Option<String> {
    let (_, value) = crate::environment().find(|(variable, _)| variable == name)?;
    value.into_string().ok().filter(|value| !value.is_empty())
}

fn sse(base: &Base, stored: &Stored) -> Result<Sse, Failure> {
    let usage = |error: anyhow::Error| Failure::usage(error);
    if let Some(path) = &base.sse_c_key {
        let key =
            CustomerKey::from_file(path.as_ref()).map_err(|error| usage(anyhow!("--sse-c-key: {error}")))?;
        return Ok(Sse::Customer(key));
    }
    match (stored.sse.as_deref(), &stored.sse_kms_key_id) {
        (None, None) => Ok(Sse::Bucket),
        (Some("AES256"), None) => Ok(Sse::S3),
        (Some("aws:kms"), key) => Ok(Sse::Kms(key.as_deref().map(Into::into))),
        (None, Some(_)) | (Some("AES256"), Some(_)) => {
            Err(usage(anyhow!("--sse-kms-key-id needs --sse aws:kms")))
        }
        (Some(other), _) => Err(usage(anyhow!("--sse: \"{other}\" is neither AES256 nor aws:kms"))),
    }
}
