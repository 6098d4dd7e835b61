//! No, and what a client can do about it.

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be said who it is from.
    #[error("{0}")]
    Malformed(&'static str),
    /// It has to show who it is from, or what it shows is wrong.
    #[error("{}", if *.is_wrong { "The credentials are wrong or have expired." } else { "Please say who you are." })]
    Unauthenticated {
        /// What may be shown: values of `WWW-Authenticate`.
        challenges: Vec<HeaderValue>,
        /// Whether something was shown.
        is_wrong: bool,
    },
    /// Whoever it is may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There were too many wrong attempts.
    #[error("Too many wrong attempts; please wait.")]
    Locked {
        /// When the next one will be looked at.
        retry_after: Duration,
    },
    /// It would have to be verified, and too much is being verified.
    #[error("The server is busy; please try again.")]
    Busy {
        /// When it may be worth to come again.
        retry_after: Duration,
    },
}

/// What a request that is asked for a credential has shown already.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    Nothing,
    WrongToken,
    WrongOther,
}

impl Refusal {
    /// Asks for what may be shown here. Where nothing can be shown in a header there is nothing to ask for (RFC 9110 §15.5.2 wants a challenge).
    pub(super) fn challenge(has_tokens: bool, has_passwords: bool, shows: Shows) -> Self {
        let is_wrong = !matches!(shows, Shows::Nothing);
        let bearer = match shows {
            Shows::Nothing | Shows::WrongOther => r#"Bearer realm="forebay""#,
            Shows::WrongToken => r#"Bearer realm="forebay", error="invalid_token""#,
        };
        let basic = r#"Basic realm="forebay", charset="UTF-8""#;
        let offered = [(has_tokens, bearer), (has_passwords, basic)].into_iter().filter(|(has, _)| *has);
        let challenges: Vec<_> = offered.map(|(_, text)| HeaderValue::from_static(text)).collect();
        if challenges.is_empty() {
            return Self::Forbidden("You may not do this here.");
        }
        Self::Unauthenticated { challenges, is_wrong }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Locked { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word in the log and in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "credentials_malformed",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::Locked { .. } => "locked_out",
            Self::Busy { .. } => "verifying_busy",
        }
    }

    /// How long to wait, rounded up to seconds as `Retry-After` has it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Locked { retry_after } | Self::Busy { retry_after } => {
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                Some(Duration::from_secs(seconds.max(1)))
            }
            Self::Malformed(_) | Self::Unauthenticated { .. } | Self::Forbidden(_) => None,
        }
    }

    /// The headers that go with the status.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let challenges = match self {
            Self::Unauthenticated { challenges, .. } => challenges.as_slice(),
            Self::Malformed(_) | Self::Forbidden(_) | Self::Locked { .. } | Self::Busy { .. } => &[],
        };
        let challenges = challenges.iter().map(|challenge| (WWW_AUTHENTICATE, challenge.clone()));
        let retry_after = self.retry_after().map(|after| (RETRY_AFTER, HeaderValue::from(after.as_secs())));
        challenges.chain(retry_after)
    }
}
