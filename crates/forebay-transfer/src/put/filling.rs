//! A part that cannot be read again: it is held in a buffer until the store has it.
//!
//! The buffer is paid for before it is filled, and given back when the last try of sending it is over.

use bytes::{Buf as _, Bytes};
use forebay_budget::{Lease, PooledBuf};
use forebay_store::remote::Checksum;

use crate::verify::{Algorithm, Running};

/// A part on its way in.
pub(crate) struct Filling {
    buffer: PooledBuf<Lease>,
    digest: Running,
    len: usize,
}

/// A part that is there.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) bytes: Bytes,
    pub(crate) digest: Checksum,
}

impl Filling {
    /// A part of as many bytes as the lease pays for.
    pub(crate) fn new(lease: Lease, algorithm: Algorithm) -> Self {
        let size = usize::try_from(lease.bytes()).unwrap_or(usize::MAX);
        Self { buffer: PooledBuf::alone(size, lease), digest: Running::from(algorithm), len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Where the next bytes belong; empty if there is no room.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        &mut self.buffer[self.len..]
    }

    /// So many bytes were written to [`spare`](Self::spare).
    pub(crate) fn filled(&mut self, len: usize) {
        let end = self.len + len;
        self.digest.update(&self.buffer[self.len..end]);
        self.len = end;
    }

    /// Takes as many bytes off the front as there is room for.
    pub(crate) fn take(&mut self, bytes: &mut Bytes) {
        let spare = self.spare();
        let len = spare.len().min(bytes.len());
        bytes.copy_to_slice(&mut spare[..len]);
        self.filled(len);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len == self.buffer.len()
    }

    /// The bytes up to here.
    pub(crate) fn so_far(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    pub(crate) fn finish(self) -> Filled {
        Filled { digest: self.digest.so_far(), bytes: self.buffer.freeze(self.len) }
    }
}

impl Filled {
    /// No bytes, which nobody has to pay for.
    pub(crate) fn nothing(algorithm: Algorithm) -> Self {
        Self { bytes: Bytes::new(), digest: Running::from(algorithm).so_far() }
    }
}

impl std::fmt::Debug for Filling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filling").field("len", &self.len).finish_non_exhaustive()
    }
}
