//! Objects to nowhere.
//!
//! The edge wants to send the object, and nobody wants to have it. Over plain HTTP the kernel drops the bytes in the socket and none of
//! them is copied; over TLS, and in chunks, they pass through the connection's own buffer. Either way they are counted against what was
//! declared: half an object is not an object. Once begun, a body is taken to its end: a cache whose client leaves may fetch the rest as
//! fast as it can, which is what a limit on bandwidth was to prevent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_net::client::ClientBody;
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::request::failed;
use super::worker::Inner;
use crate::failure::{Failure, FailureClass};
use crate::governor::Aboard;
use crate::outcome::Sha256Digest;

/// A body on its way to nowhere.
#[derive(Debug)]
pub(super) struct Nowhere<'a> {
    edge: &'a Inner,
    aboard: Aboard,
    /// So many bytes have come.
    pub(super) bytes: u64,
}

impl<'a> Nowhere<'a> {
    pub(super) fn new(edge: &'a Inner, aboard: Aboard) -> Self {
        Self { edge, aboard, bytes: 0 }
    }

    /// Takes it to its end; its digest, if that is wanted.
    pub(super) async fn take(
        &mut self,
        mut body: ClientBody,
        headers: &HeaderMap,
    ) -> Result<Option<Sha256Digest>, Failure> {
        if let Some(len) = body.remaining() {
            self.allow(len)?;
        }
        let digest = match self.edge.options.digest {
            true => Some(self.read(&mut body, headers).await?),
            false => self.discard(&mut body).await.map(|()| None)?,
        };
        if body.is_overrun() {
            return Err(Failure::new(
                FailureClass::TooLong,
                "the edge sent more than the length that it declared",
            ));
        }
        Ok(digest)
    }

    async fn discard(&mut self, body: &mut ClientBody) -> Result<(), Failure> {
        loop {
            let piece = self.edge.governor.bandwidth.piece();
            match body.discard(piece).await.map_err(|error| failed(&error))? {
                0 => return Ok(()),
                bytes => self.came(bytes).await?,
            }
        }
    }

    async fn read(&mut self, body: &mut ClientBody, headers: &HeaderMap) -> Result<Sha256Digest, Failure> {
        let mut hash = Sha256::new();
        while let Some(chunk) = body.chunk().await {
            let chunk = chunk.map_err(|error| failed(&error))?;
            hash.update(&chunk);
            self.came(chunk.len() as u64).await?;
        }
        let digest = Sha256Digest(hash.finalize().into());
        match declared(headers) {
            Some(declared) if declared != digest => Err(Failure::new(
                FailureClass::Digest,
                format!("the bytes have {digest}, Repr-Digest says {declared}"),
            )),
            _ => Ok(digest),
        }
    }

    async fn came(&mut self, bytes: u64) -> Result<(), Failure> {
        self.bytes += bytes;
        self.edge.progress().moved(bytes);
        self.aboard.came(bytes);
        self.allow(self.bytes)?;
        self.edge.governor.bandwidth.pay(bytes).await;
        Ok(())
    }

    fn allow(&self, bytes: u64) -> Result<(), Failure> {
        let max = self.edge.options.object_max;
        if bytes <= max.as_u64() {
            return Ok(());
        }
        Err(Failure::new(FailureClass::TooLong, format!("more than {max}, the most that an object may have")))
    }
}

/// The SHA-256 that the answer declares of its content, in the form of RFC 9530.
fn declared(headers: &HeaderMap) -> Option<Sha256Digest> {
    let values = headers.get_all("repr-digest").into_iter().filter_map(|value| value.to_str().ok());
    let members = values.flat_map(|value| value.split(','));
    let sum = members.filter_map(|member| member.trim().strip_prefix("sha-256=:")).next()?;
    let bytes = STANDARD.decode(sum.strip_suffix(':')?).ok()?;
    bytes.try_into().ok().map(Sha256Digest)
}
