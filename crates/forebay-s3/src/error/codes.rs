//! S3's error codes, as kinds and with their fixes.
//!
//! The answer to a `HEAD` has no body and so no code; there the status has to do, and the texts say what it may mean.

use forebay_store::{StoreError, StoreErrorKind as Kind};

use super::{About, Asked, No, S3Error, Trouble, failure, quote};
use crate::facts;
use crate::xml::element;

/// The failure that an answer is.
pub(super) fn of(no: &No<'_>, about: &About<'_>) -> StoreError {
    if let Some(region) = another_region(no, about) {
        return region;
    }
    match (no.code, no.status) {
        ("RequestTimeTooSkewed" | "RequestInTheFuture" | "RequestExpired", _) => clock(no),
        ("PreconditionFailed", _) | (_, 412) => condition(no, about),
        _ => {
            let (kind, trouble, what) = plain(no.code, no.status);
            failure(kind, trouble, text(no, about.place, what))
        }
    }
}

/// The failure of one key among many.
pub(crate) fn of_key(code: &str, message: &str, place: &str) -> StoreError {
    let (kind, trouble, what) = plain(code, 0);
    let said = if message.is_empty() { String::new() } else { format!(": {}", quote(message)) };
    let code = if code.is_empty() { "no code" } else { code };
    failure(kind, trouble, format!("{place}: {what} ({}{said})", quote(code)))
}

type Row = (Kind, Trouble, &'static str);

/// Codes that mean the same whoever asks; where a code says nothing the status does.
fn plain(code: &str, status: u16) -> Row {
    of_access(code).or_else(|| of_work(code)).unwrap_or_else(|| by_status(status))
}

/// What is there, and who may have it.
fn of_access(code: &str) -> Option<Row> {
    Some(match code {
        "NoSuchKey" | "NoSuchVersion" => (Kind::NotFound, Trouble::Object, "there is no such object"),
        "NoSuchUpload" => (Kind::NotFound, Trouble::Object, "the upload was completed or aborted before"),
        "NoSuchBucket" => {
            (Kind::NotFound, Trouble::Bucket, "there is no such bucket: check its name and --endpoint-url")
        }
        "InvalidAccessKeyId" | "InvalidClientTokenId" | "NoSuchAccessKey" => (
            Kind::Denied,
            Trouble::Key,
            "the server does not know this access key: check AWS_ACCESS_KEY_ID or --profile, and --endpoint-url",
        ),
        "SignatureDoesNotMatch" => (
            Kind::Denied,
            Trouble::Key,
            "the signature does not match: check AWS_SECRET_ACCESS_KEY, and that no proxy changes requests",
        ),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => (
            Kind::Denied,
            Trouble::Expired,
            "the credentials have expired: log in again (aws sso login) or renew them",
        ),
        "InvalidToken" => (
            Kind::Denied,
            Trouble::Key,
            "the session token is not of this key or this server: check AWS_SESSION_TOKEN",
        ),
        "InvalidObjectState" => (Kind::Denied, Trouble::Denied, "the object is archived: restore it first"),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "UnauthorizedAccess" | "Forbidden" => {
            DENIED
        }
        _ => return None,
    })
}

/// What became of the work.
fn of_work(code: &str) -> Option<Row> {
    Some(match code {
        "SlowDown"
        | "SlowDownRead"
        | "SlowDownWrite"
        | "TooManyRequests"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "ServiceUnavailable"
        | "ServerBusy" => THROTTLED,
        "ConditionalRequestConflict" | "OperationAborted" => {
            (Kind::Unavailable, Trouble::Condition, "another write to the same name is under way: try again")
        }
        "BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch" | "InvalidDigest" => (
            Kind::Unavailable,
            Trouble::Server,
            "the server got other bytes than were meant: they were damaged on their way",
        ),
        "RequestTimeout" => {
            (Kind::Unavailable, Trouble::Server, "the server waited too long for the request's bytes")
        }
        "InternalError" | "InternalFailure" => (Kind::Unavailable, Trouble::Server, "the server failed"),
        "InvalidRange" => (Kind::Invalid, Trouble::Request, "the range begins beyond the end of the object"),
        "BucketAlreadyExists" => (
            Kind::Precondition,
            Trouble::Condition,
            "the bucket's name is taken by somebody else: choose another",
        ),
        "BucketAlreadyOwnedByYou" => {
            (Kind::Precondition, Trouble::Condition, "the bucket is there already, and yours")
        }
        "BucketNotEmpty" => {
            (Kind::Precondition, Trouble::Condition, "the bucket is not empty: remove its objects first")
        }
        "EntityTooSmall" => {
            (Kind::Invalid, Trouble::Request, "a part is smaller than the server allows (5 MiB)")
        }
        "InvalidPart" | "InvalidPartOrder" => {
            (Kind::Invalid, Trouble::Request, "the server does not have the parts as they are listed")
        }
        "NotImplemented" => (Kind::Invalid, Trouble::Request, "this server does not know how to do that"),
        _ => return None,
    })
}

const DENIED: Row = (
    Kind::Denied,
    Trouble::Denied,
    "access denied: these credentials may not do this; check the policy, the bucket's name and --profile",
);

const THROTTLED: Row = (Kind::Throttled, Trouble::Throttled, "the server asks for fewer requests");

fn by_status(status: u16) -> Row {
    match status {
        404 => (Kind::NotFound, Trouble::Object, "there is no such object or bucket"),
        401 | 403 => DENIED,
        405 => (
            Kind::NotFound,
            Trouble::Object,
            "this version is a delete marker, or the server does not allow this",
        ),
        416 => (Kind::Invalid, Trouble::Request, "the range begins beyond the end of the object"),
        409 => {
            (Kind::Unavailable, Trouble::Condition, "another change to the same name is under way: try again")
        }
        408 => (Kind::Unavailable, Trouble::Server, "the server waited too long for the request"),
        429 | 503 => THROTTLED,
        500..=599 => (Kind::Unavailable, Trouble::Server, "the server failed"),
        400 => (
            Kind::Invalid,
            Trouble::Request,
            "the server refuses the request: the region, the session token or the encryption key may be wrong",
        ),
        _ => (Kind::Invalid, Trouble::Request, "the server refuses the request"),
    }
}

fn text(no: &No<'_>, place: &str, what: &str) -> String {
    let mut text = format!("{place}: {what} ({}", no.status);
    for part in [no.code, no.message] {
        if !part.is_empty() {
            text.push_str(", ");
            text.push_str(&quote(part));
        }
    }
    if let Some(id) = no.head.text("x-amz-request-id") {
        text.push_str(", request ");
        text.push_str(&quote(id));
    }
    text.push(')');
    text
}

/// A request that went to another region than the bucket's.
fn another_region(no: &No<'_>, about: &About<'_>) -> Option<StoreError> {
    let redirected =
        matches!(no.code, "PermanentRedirect" | "TemporaryRedirect" | "IllegalLocationConstraintException")
            || matches!(no.status, 301 | 307 | 308);
    let malformed = matches!(no.code, "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError");
    let region = no.head.text("x-amz-bucket-region").or_else(|| element(no.body, "Region"));
    let differs = region.is_some_and(|region| region != about.region);
    let misdirected = redirected || (differs && (malformed || no.status == 400));
    if !misdirected {
        return None;
    }
    let place = about.place;
    let text = match region.filter(|_| differs).map(quote) {
        Some(region) => {
            format!("{place} is in {region}, and was asked for in {}: use --region {region}", about.region)
        }
        None => match element(no.body, "Endpoint").or_else(|| no.head.text("location")) {
            Some(endpoint) => {
                format!(
                    "{place} has to be asked for at {}: check --region and --endpoint-url",
                    quote(endpoint)
                )
            }
            None => format!("{place} is not in {}: give its region with --region", about.region),
        },
    };
    let mut error = S3Error::new(Trouble::Region, text);
    error.region = region.filter(|_| differs).map(|region| quote(region).into());
    Some(StoreError::with_cause(Kind::Invalid, error))
}

/// Clocks that are too far apart: by how much, and whose is wrong is for the reader to see.
fn clock(no: &No<'_>) -> StoreError {
    let apart = facts::date(&no.head.headers, &http::header::DATE).map(|server| {
        match no.now.duration_since(server) {
            Ok(ahead) => format!("{} ahead of", seconds(ahead.as_secs())),
            Err(behind) => format!("{} behind", seconds(behind.duration().as_secs())),
        }
    });
    let apart = apart.unwrap_or_else(|| "too far from".to_owned());
    failure(
        Kind::Denied,
        Trouble::Clock,
        format!("this machine's clock is {apart} the server's, which accepts 15 minutes: set the clock"),
    )
}

fn seconds(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A condition that does not hold: of a pin, or of a write.
fn condition(no: &No<'_>, about: &About<'_>) -> StoreError {
    let of_source = || {
        element(no.body, "Condition").is_some_and(|name| name.to_ascii_lowercase().contains("copy-source"))
    };
    let pinned = match about.condition {
        Asked::Pin => true,
        Asked::Write => false,
        Asked::Copy => of_source(),
    };
    let (kind, what) = if pinned {
        (Kind::Changed, "the object is no longer the version that was asked for")
    } else {
        (Kind::Precondition, "what is there is not what it should be for this write")
    };
    failure(kind, Trouble::Condition, text(no, about.place, what))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::super::{About, Asked, No, QUOTE_LEN_MAX};
    use crate::exchange::Head;

    proptest! {
        /// Whatever a server says, the failure is one line of a bounded length.
        #[test]
        fn a_failure_is_one_line(
            status in 300u16..600,
            code in "(PermanentRedirect|AuthorizationHeaderMalformed|RequestTimeTooSkewed|PreconditionFailed|.{0,40})",
            message in "[\\s\\PC]{0,2000}",
            body in "(<Region>|<Endpoint>|<Condition>|[\\s\\PC]){0,40}",
            field in prop::collection::vec(0x20u8..0x7f, 0..40),
            copies in prop::bool::ANY,
        ) {
            let mut headers = HeaderMap::new();
            headers.insert("x-amz-bucket-region", HeaderValue::from_bytes(&field).unwrap());
            headers.insert("x-amz-request-id", HeaderValue::from_bytes(&field).unwrap());
            let head = Head { status: None, headers };
            let now = SystemTime::now();
            let no = No { status, code: &code, message: &message, body: body.as_bytes(), head: &head, now };
            let condition = if copies { Asked::Copy } else { Asked::Write };
            let error = super::of(&no, &About { place: "s3://b", region: "r", condition }).to_string();
            prop_assert!(!error.contains(|c: char| c.is_control()), "{:?}", error);
            prop_assert!(error.chars().count() < 3 * QUOTE_LEN_MAX + 200, "{:?}", error);
        }
    }
}
