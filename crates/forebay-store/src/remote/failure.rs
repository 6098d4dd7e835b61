//! What a failed request means to a store.
//!
//! Whether a request was never answered or its body broke off, what the caller can do is the same: ask again. Only a request that
//! cannot be sent at all never will be. One that found no connection of ours free is marked: it is no sign of how the place is.

use forebay_net::client::{ClientError, ClientErrorKind};

use crate::{StoreError, StoreErrorKind};

impl From<ClientError> for StoreError {
    fn from(error: ClientError) -> Self {
        let kind = match error.kind() {
            ClientErrorKind::Invalid => StoreErrorKind::Invalid,
            _ => StoreErrorKind::Unavailable,
        };
        let is_ours = error.kind() == ClientErrorKind::Busy;
        Self::with_cause(kind, error).with_ours(is_ours)
    }
}
