//! A refusal that is found out while the request body flows.
//!
//! The layer cannot answer from inside a body. It fails the read with an error and leaves the refusal
//! here; when the service answers (usually with a 400 or a 500 for a body that it could not read), the
//! layer's future finds it and sends the true reason instead. A head that was sent before stays as it was.

use std::sync::{Arc, OnceLock};

use crate::refusal::Refusal;

/// One slot shared by a request body and the future of the response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault(Arc<OnceLock<Refusal>>);

impl Fault {
    /// The first refusal stands.
    pub(crate) fn set(&self, refusal: Refusal) {
        let _ = self.0.set(refusal);
    }

    pub(crate) fn get(&self) -> Option<Refusal> {
        self.0.get().cloned()
    }
}
