//! The first answer.
//!
//! A transfer does not ask how long an object is before it asks for bytes: the first request is for the first 10 MiB, and says the
//! rest by the way. So a small object costs one request, and a large one wastes none: what came is its first piece. An earlier run's journal says
//! which version to ask for instead; if that is gone, the transfer begins anew.

use std::sync::Arc;

use forebay_budget::ByteSize;
use forebay_store::remote::{Facts, Pin, ReadAsk, ResumableBody, Tenacity};
use forebay_store::{ByteRange, StoreError, StoreErrorKind};

use super::prove;
use crate::TransferError;
use crate::engine::Source;
use crate::journal::{Identity, State};
use crate::parts::{ONE_STREAM, Parts};
use crate::verify::Demand;

/// What there is to fetch.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) facts: Facts,
    /// What every answer must be of.
    pub(super) pin: Pin,
    pub(super) parts: Parts,
    /// An answer that begins where the first missing byte is.
    pub(super) body: Option<ResumableBody>,
    /// All there is, where nobody knows how much that is.
    pub(super) unmeasured: Option<ResumableBody>,
    /// What an earlier run has done.
    pub(super) state: Option<State>,
    /// How many bytes that is.
    pub(super) resumed: u64,
}

pub(super) async fn open(
    source: &Source,
    part_size: Option<ByteSize>,
    tenacity: Tenacity,
    previous: Option<State>,
    demand: &Demand,
) -> Result<Opening, TransferError> {
    let failed = |error: StoreError| TransferError::of_store(&source.name(), error);
    if !matches!(demand, Demand::Full) {
        return open_any(source, part_size, tenacity, previous).await.map_err(failed);
    }
    // An answer with a range tells no digest of the whole; the object's head does. It is asked for before anything is held.
    let head = source.facts(&source.pin, tenacity).await.map_err(failed)?;
    prove::wanted(&head, demand, source)?;
    let source = Source { pin: source.pin.clone().narrowed(&head), ..source.clone() };
    let mut opening = open_any(&source, part_size, tenacity, previous).await.map_err(failed)?;
    opening.facts.checksum = opening.facts.checksum.or(head.checksum);
    Ok(opening)
}

async fn open_any(
    source: &Source,
    part_size: Option<ByteSize>,
    tenacity: Tenacity,
    previous: Option<State>,
) -> Result<Opening, StoreError> {
    let asker = Asker { source, tenacity };
    if let Some(state) = previous.filter(|state| fits(state, source)) {
        match asker.go_on(state).await {
            Err(error) if is_of_the_version(error.kind()) => {}
            other => return other,
        }
    }
    asker.begin(part_size).await
}

/// Whether it may be the version alone that is gone: what there is now is asked for anew.
fn is_of_the_version(kind: StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::Changed | StoreErrorKind::NotFound | StoreErrorKind::Invalid)
}

/// Whether a journal is of this source, as far as its version is known.
fn fits(state: &State, source: &Source) -> bool {
    let head = state.head();
    let (old, new) = (head.pin.pin(), &source.pin);
    let agrees = |differ: bool| !differ;
    head.source == Identity::of_object(source.remote.place(), &source.key)
        && agrees(new.version.is_some() && new.version != old.version)
        && agrees(new.validator.is_some() && new.validator != old.validator)
        && agrees(new.len.is_some() && new.len != old.len)
}

struct Asker<'a> {
    source: &'a Source,
    tenacity: Tenacity,
}

impl Asker<'_> {
    async fn ask(&self, range: Option<ByteRange>, pin: Pin) -> Result<ResumableBody, StoreError> {
        let ask = ReadAsk { key: self.source.key.clone(), range, pin: Some(pin) };
        ResumableBody::open(Arc::clone(&self.source.remote), ask, self.tenacity).await
    }

    /// The first byte that is missing, of the version that the journal is of.
    ///
    /// That version has to be the one that is there now, unless the user named it: who runs a command again means what it means today. So the
    /// entity tag alone is asked for, where there is one.
    async fn go_on(&self, state: State) -> Result<Opening, StoreError> {
        let (mut pin, parts) = (state.head().pin.pin(), state.head().parts());
        if pin.validator.is_some() {
            pin.version.clone_from(&self.source.pin.version);
        }
        let had = |index| state.piece(index).map_or(0, |done| done.bytes);
        let resumed = (0..parts.count()).map(had).sum();
        let missing = (0..parts.count()).map(|index| (parts.range(index), had(index)));
        let first = missing
            .filter_map(|(range, had)| ByteRange::new(range.start() + had, range.end()))
            .find(|rest| !rest.is_empty());
        let (facts, body) = match first {
            Some(rest) => {
                let body = self.ask(Some(rest), pin.clone()).await?;
                (body.facts().clone(), Some(body))
            }
            None => (self.source.facts(&pin, self.tenacity).await?, None),
        };
        let pin = pin.narrowed(&facts);
        Ok(Opening { facts, pin, parts, body, unmeasured: None, state: Some(state), resumed })
    }

    async fn begin(&self, part_size: Option<ByteSize>) -> Result<Opening, StoreError> {
        let first = part_size.unwrap_or(ONE_STREAM).as_u64();
        let pin = self.source.pin.clone();
        let range = match pin.len {
            Some(len) if len <= first => None,
            _ => ByteRange::new(0, first),
        };
        let mut body = match self.ask(range, pin.clone()).await {
            Err(error) if error.kind() == StoreErrorKind::Invalid && range.is_some() => {
                return self.begin_empty(pin, error).await;
            }
            other => other?,
        };
        // A place without ranges sends everything, whatever it is asked for, and cannot be asked for the rest.
        if range.is_some() && !body.facts().ranges {
            let cut = body.range().zip(body.facts().len).is_none_or(|(range, len)| range.end() < len);
            if cut {
                drop(body);
                body = self.ask(None, pin).await?;
            }
        }
        let (facts, pin) = (body.facts().clone(), body.pin().clone());
        let Some(len) = facts.len else {
            let parts = Parts::one(0);
            let unmeasured = Some(body);
            return Ok(Opening { facts, pin, parts, body: None, unmeasured, state: None, resumed: 0 });
        };
        let whole = if facts.is_continuable() { Parts::for_get(len, part_size) } else { Parts::one(len) };
        Ok(Opening { facts, pin, parts: whole, body: Some(body), unmeasured: None, state: None, resumed: 0 })
    }

    /// No range of an empty object can be satisfied, and a place says so instead of sending nothing.
    async fn begin_empty(&self, pin: Pin, refused: StoreError) -> Result<Opening, StoreError> {
        let facts = self.source.facts(&pin, self.tenacity).await?;
        if facts.len != Some(0) {
            return Err(refused);
        }
        let (pin, parts) = (pin.narrowed(&facts), Parts::one(0));
        Ok(Opening { facts, pin, parts, body: None, unmeasured: None, state: None, resumed: 0 })
    }
}
