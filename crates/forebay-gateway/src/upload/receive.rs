//! A body into the store: as fast as the store takes it, and whole or not at all.

use forebay_net::BoxError;
use forebay_store::Incoming;
use http_body_util::BodyExt;

use super::Inbound;
use super::digest::Digests;
use crate::error::Failure;

/// How long a body must be, and may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// What was declared.
    pub(super) declared: Option<u64>,
    /// What an operator allows.
    pub(super) max: Option<u64>,
}

impl Length {
    /// Refuses what is declared to be too long.
    pub(super) fn admit(self) -> Result<Self, Failure> {
        match (self.declared, self.max) {
            (Some(declared), Some(max)) if declared > max => Err(Failure::TooLarge { max }),
            _ => Ok(self),
        }
    }
}

/// Hands every byte of a body on, as it is taken, and says how many there were.
pub(super) async fn all(
    mut body: Inbound,
    length: Length,
    digests: &mut Digests,
    to: &mut dyn Incoming,
) -> Result<u64, Failure> {
    let mut len = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error: BoxError| Failure::Incomplete(Some(error)))?;
        match frame.into_data() {
            Ok(bytes) => {
                len = len.saturating_add(bytes.len() as u64);
                if let Some(max) = length.max.filter(|max| len > *max) {
                    return Err(Failure::TooLarge { max });
                }
                if length.declared.is_some_and(|declared| len > declared) {
                    return Err(Failure::Incomplete(None));
                }
                digests.update(&bytes);
                to.write(bytes).await?;
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    digests.read(&trailers)?;
                }
            }
        }
    }
    match length.declared {
        Some(declared) if declared != len => Err(Failure::Incomplete(None)),
        _ => Ok(len),
    }
}
