//! Which representation to send: the object as it is stored, a precompressed neighbour, or the object
//! compressed on the way.
//!
//! A neighbour (`app.js.br` beside `app.js`) is sent only if it is **at least as new** as what it
//! stands for: after a deployment that forgot it, an old script is worse than a large one. Equal times
//! count as new enough, because archives and image layers flatten times. It has a length and a strong
//! tag of its own, so ranges of it work.
//!
//! A neighbour is opened while the file itself is held, so nothing is waited for: where a descriptor or a turn is not
//! free, the file goes out without it.
//!
//! Compressing on the way costs memory for the compressor's window: it is leased before the head and
//! never waited for. Without it for any coding that the client takes, or when the request asks for exact bytes (`Range`, `If-Match`), the
//! object goes out as it is. Its tag becomes weak, since the compressor's bytes are nobody's promise.

use forebay_budget::Class;
use forebay_net::ReadWindow;
use forebay_store::{Access, Content, Key, Kind, Object, StoreErrorKind, Strength, Validator};
use http::request::Parts;

use crate::body::Body;
use crate::compress::{self, Compressor, Source};
use crate::conditional::{Conditions, Validators};
use crate::content_type::ContentType;
use crate::encoding::{Accepted, Coding};
use crate::error::Failure;
use crate::etag::EntityTag;
use crate::gateway::Shared;
use crate::options::GatewayOptions;
use crate::respond::decide::Extent;
use crate::respond::upstream::{self, Upstream};
use crate::upstream_metrics::UpstreamMetrics;

/// The chosen representation.
pub(super) struct Selected {
    /// What is sent, or compressed and sent.
    pub(super) object: Object,
    pub(super) form: Form,
    /// The choice depends on `Accept-Encoding`, whether or not it fell on a coding this time.
    pub(super) varies: bool,
}

/// In which form it goes out.
pub(super) enum Form {
    AsStored,
    Neighbour(Coding),
    OnTheWay(OnTheWay),
}

/// Everything that a compressed answer needs, in hand.
pub(super) struct OnTheWay {
    pub(super) coding: Coding,
    compressor: Compressor,
}

impl Selected {
    pub(super) fn coding(&self) -> Option<Coding> {
        match &self.form {
            Form::AsStored => None,
            Form::Neighbour(coding) => Some(*coding),
            Form::OnTheWay(way) => Some(way.coding),
        }
    }

    /// Its tag is weak although the object's is not.
    pub(super) fn weakens(&self) -> bool {
        matches!(self.form, Form::OnTheWay(_))
    }

    pub(super) fn validators(&self) -> Validators<'_> {
        let meta = self.object.meta();
        let tag = |validator: &'_ Validator| validator.strength() == Strength::Weak || self.weakens();
        let etag = meta.validator.as_ref().map(|own| EntityTag { weak: tag(own), opaque: own.opaque() });
        Validators { etag, modified: meta.modified }
    }

    pub(super) fn extent(&self) -> Extent {
        match self.form {
            _ if self.object.meta().access != Access::Ranges => Extent::Unknown,
            Form::OnTheWay(_) => Extent::Unknown,
            Form::AsStored | Form::Neighbour(_) => Extent::Known(self.object.meta().len),
        }
    }
}

impl OnTheWay {
    pub(super) async fn body(self, content: Content, metrics: &UpstreamMetrics) -> Result<Body, Failure> {
        let source = match content {
            Content::Bytes(bytes) => Source::Bytes(bytes),
            Content::File(span) => Source::File(span),
            Content::Remote(span) => Source::Upstream(Box::new(Upstream::one(
                upstream::open(&span, metrics).await?,
                metrics.clone(),
                Vec::new(),
            ))),
        };
        Ok(self.compressor.body(self.coding, source))
    }
}

pub(super) async fn select(
    shared: &Shared,
    head: &Parts,
    key: &Key,
    object: Object,
    kind: &ContentType,
    conditions: &Conditions<'_>,
    no_transform: bool,
) -> Result<Selected, Failure> {
    let options = &shared.options;
    // What is stored in a coding goes out in it.
    let is_coded = coding_of(&object).is_some();
    let varies =
        kind.compressible && !is_coded && (options.compress || looks_for_neighbours(options, &object));
    let stored = |object| Selected { object, form: Form::AsStored, varies };
    let accepted = if varies { Accepted::of(&head.headers) } else { Accepted::IDENTITY };
    if accepted == Accepted::IDENTITY {
        return Ok(stored(object));
    }
    if looks_for_neighbours(options, &object) {
        for coding in accepted.preferred(Coding::ALL) {
            match neighbour(shared, key, &object, coding).await {
                Ok(Some(object)) => return Ok(Selected { object, form: Form::Neighbour(coding), varies }),
                Ok(None) => {}
                // Nothing free for what may not even be there: the object itself is in hand.
                Err(Failure::Store(error))
                    if matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Throttled) =>
                {
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    let worthwhile = options.compress
        && !no_transform
        && !conditions.wants_exact_bytes()
        && object.meta().len >= options.compress_min.as_u64();
    let mut affordable = accepted
        .preferred(compress::ORDER)
        .filter(|_| worthwhile)
        .filter_map(|coding| Some((coding, compressor(shared, coding)?)));
    let Some((coding, compressor)) = affordable.next() else { return Ok(stored(object)) };
    Ok(Selected { object, form: Form::OnTheWay(OnTheWay { coding, compressor }), varies })
}

/// The coding that an object is stored in.
pub(super) fn coding_of(object: &Object) -> Option<&str> {
    object.meta().attributes.as_ref()?.content_encoding.as_deref()
}

/// Asking for a neighbour across a network would cost each answer a round trip or three.
fn looks_for_neighbours(options: &GatewayOptions, object: &Object) -> bool {
    options.precompressed && !object.is_remote()
}

/// The neighbour with this coding, if there is one and it is new enough.
async fn neighbour(
    shared: &Shared,
    key: &Key,
    object: &Object,
    coding: Coding,
) -> Result<Option<Object>, Failure> {
    let Ok(key) = Key::parse(&[key.as_bytes(), coding.suffix().as_bytes()].concat()) else {
        return Ok(None);
    };
    let found = match shared.store.try_open(&key).await {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), StoreErrorKind::NotFound | StoreErrorKind::Denied) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let is_current = match (found.meta().modified, object.meta().modified) {
        (Some(neighbour), Some(original)) => neighbour >= original,
        _ => false,
    };
    Ok(Some(found).filter(|found| found.meta().kind == Kind::File && is_current))
}

/// Memory for one compressor, now or not at all.
fn compressor(shared: &Shared, coding: Coding) -> Option<Compressor> {
    let window = shared.ledger.try_acquire(Class::Compression, compress::cost(coding)).ok()?;
    let reads = shared.ledger.try_acquire(Class::Reads, shared.read_window().as_u64()).ok()?;
    Some(Compressor::new(window, ReadWindow::held(reads).with_buffers(shared.chunks.clone())))
}
