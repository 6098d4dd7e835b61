//! A server that speaks S3, and the name that we speak to it with.
//!
//! One account's connections, credentials and their cache are shared by all buckets that it opens.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use aws_types::service_config::ServiceConfigKey;
use forebay_net::client::Client;
use forebay_net::retry::Peer;
use forebay_store::StoreError;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::answer::LISTS_AT_A_TIME;
use crate::connector::Wire;
use crate::exchange::Head;
use crate::options::{Access, PathStyle, Payer, S3Options};
use crate::quirks::{NameIn, Profile, Quirks};
use crate::sse::Sse;
use crate::{BucketName, S3};

/// Where the tools that come with AWS begin, and what servers that know no regions accept.
const REGION_DEFAULT: &str = "us-east-1";

/// A server that speaks S3, and a name to speak to it with. Cheap to clone.
#[derive(Clone)]
pub struct S3Account(Arc<Inner>);

struct Inner {
    sdk: aws_sdk_s3::Client,
    /// One server, whichever of its buckets is asked.
    peer: Peer,
    credentials: Option<SharedCredentialsProvider>,
    region: Box<str>,
    endpoint_url: Option<Box<str>>,
    payer: Payer,
    sse: Sse,
    /// Turns of lists, the only answers that are long.
    lists: Semaphore,
    /// The row of the quirks table, as an index; learnt from the first answer where the host's name does not tell.
    profile: AtomicU8,
    learns: bool,
}

impl S3Account {
    /// Finds region, endpoint and the source of credentials. Nothing is sent to S3; credentials are fetched when they are needed.
    pub async fn connect(options: S3Options, client: Client) -> Self {
        let config = load(&options, client).await;
        let endpoint_url = options.endpoint_url.clone().or_else(|| configured_endpoint(&config));
        let profile = options.profile.or_else(|| match &endpoint_url {
            None => Some(Profile::Aws),
            Some(url) => url.parse::<http::Uri>().ok().and_then(|url| Profile::of_host(url.host()?)),
        });
        let region = config.region().map_or(REGION_DEFAULT, Region::as_ref).into();
        Self(Arc::new(Inner {
            sdk: sdk(&config, &options, endpoint_url.as_deref(), profile.unwrap_or(Profile::Other)),
            peer: Peer::new(options.brakes),
            credentials: config.credentials_provider(),
            region,
            endpoint_url,
            payer: options.payer,
            sse: options.sse,
            lists: Semaphore::new(LISTS_AT_A_TIME),
            profile: AtomicU8::new(index(profile.unwrap_or(Profile::Other))),
            learns: profile.is_none(),
        }))
    }

    /// A bucket of it. Whether it exists is seen when it is used.
    pub fn bucket(&self, name: BucketName) -> S3 {
        S3::new(self.clone(), name)
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The server, where it is not AWS.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.0.endpoint_url.as_deref()
    }

    /// The kind of server, as far as it is known by now.
    pub fn profile(&self) -> Profile {
        Profile::ALL[usize::from(self.0.profile.load(Ordering::Relaxed))]
    }

    /// What the server does and does not.
    pub fn quirks(&self) -> Quirks {
        self.profile().quirks()
    }

    /// The server's health, as all who ask it have found it.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    pub(crate) fn sdk(&self) -> &aws_sdk_s3::Client {
        &self.0.sdk
    }

    /// Where credentials come from; `None` if requests are not signed.
    pub(crate) fn credentials(&self) -> Option<&SharedCredentialsProvider> {
        self.0.credentials.as_ref()
    }

    pub(crate) fn payer(&self) -> Payer {
        self.0.payer
    }

    pub(crate) fn sse(&self) -> &Sse {
        &self.0.sse
    }

    /// A turn to ask for a list; waited for before anything is held.
    pub(crate) async fn list_turn(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.0.lists.acquire().await.ok()
    }

    /// Learns from an answer what kind of server gave it.
    pub(crate) fn heard(&self, head: &Head) {
        if self.0.learns
            && let Some(profile) = head.text(http::header::SERVER.as_str()).and_then(Profile::of_server)
        {
            self.0.profile.store(index(profile), Ordering::Relaxed);
        }
    }
}

fn index(profile: Profile) -> u8 {
    Profile::ALL.iter().position(|row| *row == profile).unwrap_or_default() as u8
}

/// What AWS's own tools would find, over our connections.
async fn load(options: &S3Options, client: Client) -> SdkConfig {
    let region = match &options.region {
        Some(region) => RegionProviderChain::first_try(Region::new(region.to_string())),
        None => RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(profile_region(&options.access))
            // A machine's metadata service is not asked: outside of a cloud that costs seconds.
            .or_else(Region::from_static(REGION_DEFAULT)),
    };
    let loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(Wire::new(client)).region(region);
    match &options.access {
        Access::Chain => loader,
        Access::Profile(name) => loader.profile_name(&**name),
        Access::Anonymous => loader.no_credentials(),
        Access::Keys(keys) => loader.credentials_provider(Credentials::new(
            &*keys.id,
            &*keys.secret,
            keys.session_token.as_deref().map(str::to_owned),
            None,
            "given",
        )),
    }
    .load()
    .await
}

fn profile_region(access: &Access) -> ProfileFileRegionProvider {
    let builder = ProfileFileRegionProvider::builder();
    match access {
        Access::Profile(name) => builder.profile_name(&**name).build(),
        Access::Chain | Access::Anonymous | Access::Keys(_) => builder.build(),
    }
}

/// The endpoint in the environment or in the profile: for S3, else for all services.
fn configured_endpoint(config: &SdkConfig) -> Option<Box<str>> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_s3 = config.service_config().and_then(|services| services.load_config(key));
    of_s3.as_deref().or_else(|| config.endpoint_url()).map(Into::into)
}

/// The SDK's client, with all that is ours to do switched off.
fn sdk(
    config: &SdkConfig,
    options: &S3Options,
    endpoint_url: Option<&str>,
    profile: Profile,
) -> aws_sdk_s3::Client {
    let in_path = match options.path_style {
        PathStyle::Auto => profile.quirks().name_in == NameIn::Path,
        PathStyle::On => true,
        PathStyle::Off => false,
    };
    let builder = Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .force_path_style(in_path)
        .disable_s3_express_session_auth(true);
    let builder = match endpoint_url {
        Some(url) => builder.endpoint_url(url),
        None => builder,
    };
    let builder = match options.access {
        Access::Anonymous => builder.allow_no_auth(),
        Access::Chain | Access::Profile(_) | Access::Keys(_) => builder,
    };
    aws_sdk_s3::Client::from_conf(builder.build())
}

impl fmt::Debug for S3Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Account")
            .field("region", &self.region())
            .field("profile", &self.profile())
            .finish_non_exhaustive()
    }
}

impl From<crate::BucketNameError> for StoreError {
    fn from(error: crate::BucketNameError) -> Self {
        Self::with_cause(forebay_store::StoreErrorKind::Invalid, error)
    }
}
