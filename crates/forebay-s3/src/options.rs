//! How to reach S3, and with whose name.

use std::fmt;

use forebay_net::retry::PeerOptions;

use crate::quirks::Profile;
use crate::sse::Sse;

/// How to reach S3, and with whose name.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// The region. Else it comes from the environment, from the profile, or is `us-east-1`.
    pub region: Option<Box<str>>,
    /// Scheme, host and port of a server that is not AWS. Else it comes from the environment, from the profile, or is AWS.
    pub endpoint_url: Option<Box<str>>,
    /// Whose name to sign with.
    pub access: Access,
    /// Where the bucket's name stands.
    pub path_style: PathStyle,
    /// Who pays for requests and traffic.
    pub payer: Payer,
    /// How objects are encrypted where they lie.
    pub sse: Sse,
    /// What the server can do, where it is not to be guessed from its name.
    pub profile: Option<Profile>,
    /// The brakes that all requests to the server share.
    pub brakes: PeerOptions,
}

/// Whose name to sign with.
#[derive(Clone, Default)]
pub enum Access {
    /// What AWS's own tools would find: environment, profile, SSO, a process, a web identity, a container's or a machine's role.
    #[default]
    Chain,
    /// The same, beginning at this profile of `~/.aws/config`.
    Profile(Box<str>),
    /// Nobody's: requests are not signed.
    Anonymous,
    /// A key that the caller has.
    Keys(AccessKeys),
}

/// A key that the caller has.
#[derive(Clone)]
pub struct AccessKeys {
    /// The key's name.
    pub id: Box<str>,
    /// The key. Never shown.
    pub secret: Box<str>,
    /// What temporary keys have besides. Never shown.
    pub session_token: Option<Box<str>>,
}

/// Where the bucket's name stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PathStyle {
    /// In the path for servers that are not AWS, in the host for AWS.
    #[default]
    Auto,
    /// In the path: `https://host/bucket/key`.
    On,
    /// In the host: `https://bucket.host/key`.
    Off,
}

/// Who pays for requests and traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Payer {
    /// The bucket's owner.
    #[default]
    Owner,
    /// Whoever asks; some buckets demand that.
    Requester,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "Chain",
            Self::Profile(_) => "Profile",
            Self::Anonymous => "Anonymous",
            Self::Keys(_) => "Keys",
        })
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKeys")
    }
}
