//! Failures without an answer: no credentials, no connection, or an answer that broke off.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use forebay_net::client::{ClientError, ClientErrorKind};
use forebay_store::{StoreError, StoreErrorKind};

use super::{About, Trouble, failure, quote};

/// The failure of a request that got no answer.
pub(super) fn of(error: &(dyn Error + 'static), about: &About<'_>) -> StoreError {
    // Credentials first: a provider that could not connect has a connection's failure inside.
    if let Some(error) = find::<CredentialsError>(error) {
        return of_credentials(error);
    }
    match find::<ClientError>(error) {
        Some(error) => network(error, about),
        None => failure(
            StoreErrorKind::Invalid,
            Trouble::Request,
            format!("{}: the request cannot be made: {}", about.place, quote(&deepest(error).to_string())),
        ),
    }
}

/// The failure of an answer that began well.
pub(super) fn broken(error: &(dyn Error + 'static), about: &About<'_>) -> StoreError {
    if let Some(error) = find::<ClientError>(error) {
        return network(error, about);
    }
    failure(
        StoreErrorKind::Unavailable,
        Trouble::Server,
        format!("{}: the answer makes no sense: {}", about.place, quote(&deepest(error).to_string())),
    )
}

/// The failure to get credentials.
pub(crate) fn of_credentials(error: &CredentialsError) -> StoreError {
    let text = match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials found: set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, choose a profile with --profile, or read public buckets with --no-sign-request"
            .to_owned(),
        CredentialsError::ProviderTimedOut(_) => "credentials did not come in time: the service that gives them \
             (SSO, STS, a metadata service or a process) does not answer"
            .to_owned(),
        CredentialsError::InvalidConfiguration(_) => format!(
            "the configuration of credentials is wrong, see ~/.aws/config and ~/.aws/credentials: {}",
            quote(&deepest(error).to_string())
        ),
        // What a provider says may hold what it got; it goes no further than here.
        _ => "credentials could not be had: the provider that is configured failed; log in again \
              (aws sso login), or check the role, the process or the profile that gives them"
            .to_owned(),
    };
    let kind = match error {
        CredentialsError::ProviderTimedOut(_) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Denied,
    };
    failure(kind, Trouble::Credentials, text)
}

fn network(error: &ClientError, about: &About<'_>) -> StoreError {
    let fix = match error.kind() {
        ClientErrorKind::Resolve => ": check --endpoint-url and --region",
        ClientErrorKind::Connect => ": check --endpoint-url, and that the server runs",
        ClientErrorKind::Tls => ": a private certificate authority is given with --ca-cert or AWS_CA_BUNDLE",
        ClientErrorKind::Malformed => ": check --endpoint-url; is it https instead of http, or another port?",
        _ => "",
    };
    let kind = match error.kind() {
        ClientErrorKind::Invalid => StoreErrorKind::Invalid,
        _ => StoreErrorKind::Unavailable,
    };
    failure(kind, Trouble::Network, format!("{}: {}{fix}", about.place, quote(&error.to_string())))
        .with_ours(error.kind() == ClientErrorKind::Busy)
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn deepest<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
