//! S3's errors by their codes.

/// Why a request is refused, in S3's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

impl Refusal {
    /// The status that goes with the code.
    pub(crate) fn status(self) -> u16 {
        match self.0 {
            "NotModified" => 304,
            "AccessDenied" | "InvalidAccessKeyId" => 403,
            "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" => 404,
            "MethodNotAllowed" => 405,
            "BucketAlreadyOwnedByYou" | "BucketNotEmpty" | "ConditionalRequestConflict" => 409,
            "PreconditionFailed" => 412,
            "InvalidRange" => 416,
            "NotImplemented" => 501,
            _ => 400,
        }
    }
}

/// What a handler comes to.
pub(crate) type Outcome<T> = Result<T, Refusal>;
