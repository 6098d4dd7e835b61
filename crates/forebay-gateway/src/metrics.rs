//! Figures of requests, for Prometheus (OpenMetrics).
//!
//! | name | labels | what |
//! |---|---|---|
//! | `forebay_http_requests_total` | `kind`, `method`, `status`, `outcome` | answers whose body has ended |
//! | `forebay_http_response_bytes_total` | `kind` | body bytes handed to the connection |
//! | `forebay_http_in_flight` | | requests whose body has not ended |
//! | `forebay_http_head_seconds` | `kind` | from the request's head to the answer's |
//! | `forebay_http_response_seconds` | `kind` | from the request's head to the end of the answer's body |
//!
//! Every label takes its values from a short list of ours: no path, client or header can make a series.
//! An answer counts when its body has ended, with how it ended: a 200 that was cut off is not a success.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use forebay_net::Transfer;
use forebay_tower::Refusal;
use forebay_tower::body::{End, EndBody, Tap};
use http::{Method, Request, Response, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tower_service::Service;

/// What kind of answer it was; a response extension where it is not a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file, or why it was not sent.
    File,
    /// A listing.
    Listing,
    /// An archive.
    Archive,
    /// A layer's refusal.
    Refusal,
}

/// In the order of their declaration.
const KINDS: [Kind; 4] = [Kind::File, Kind::Listing, Kind::Archive, Kind::Refusal];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: Kind,
    method: Verb,
    status: Status,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: Kind,
}

/// Methods that we answer; all others are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Verb {
    Get,
    Head,
    Options,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Status(StatusCode);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Outcome(End);

impl Ended {
    const fn fine(kind: Kind) -> Self {
        Self { kind, method: Verb::Get, status: Status(StatusCode::OK), outcome: Outcome(End::Complete) }
    }
}

impl EncodeLabelValue for Kind {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        let name = match self {
            Self::File => "file",
            Self::Listing => "listing",
            Self::Archive => "archive",
            Self::Refusal => "refusal",
        };
        name.encode(encoder)
    }
}

impl EncodeLabelValue for Verb {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        let name = match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Other => "other",
        };
        name.encode(encoder)
    }
}

impl EncodeLabelValue for Status {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.name().encode(encoder)
    }
}

/// The figures. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Figures>);

#[derive(Debug)]
struct Figures {
    requests: Family<Ended, Counter>,
    in_flight: Gauge,
    kinds: [KindFigures; KINDS.len()],
}

/// One kind's series, found without a look-up: every answer touches all of them.
#[derive(Debug)]
struct KindFigures {
    bytes: Counter,
    head_seconds: Histogram,
    response_seconds: Histogram,
    /// `requests` for what nearly all requests are: a GET answered whole with 200.
    fine: Counter,
}

impl Metrics {
    /// Registers the figures, whose names begin with `forebay_http_`.
    pub fn register(registry: &mut Registry) -> Self {
        let requests = Family::default();
        let bytes = Family::default();
        let in_flight = Gauge::default();
        let head_seconds = Family::new_with_constructor(head_buckets as fn() -> Histogram);
        let response_seconds = Family::new_with_constructor(response_buckets as fn() -> Histogram);
        let own = registry.sub_registry_with_prefix("forebay_http");
        own.register("requests", "Answers whose body has ended, and how it ended", requests.clone());
        own.register("response_bytes", "Body bytes handed to connections", bytes.clone());
        own.register("in_flight", "Requests whose answer has not ended", in_flight.clone());
        own.register(
            "head_seconds",
            "Time from a request's head to the head of its answer",
            head_seconds.clone(),
        );
        own.register(
            "response_seconds",
            "Time from a request's head to the end of its answer",
            response_seconds.clone(),
        );
        let kinds = KINDS.map(|kind| {
            let of_kind = OfKind { kind };
            KindFigures {
                bytes: bytes.get_or_create_owned(&of_kind),
                head_seconds: head_seconds.get_or_create_owned(&of_kind),
                response_seconds: response_seconds.get_or_create_owned(&of_kind),
                fine: requests.get_or_create_owned(&Ended::fine(kind)),
            }
        });
        Self(Arc::new(Figures { requests, in_flight, kinds }))
    }

    fn of(&self, kind: Kind) -> &KindFigures {
        &self.0.kinds[kind as usize]
    }

    /// Wraps a service so that its answers are counted.
    pub fn measure<S>(&self, inner: S) -> Measured<S> {
        Measured { inner, metrics: self.clone() }
    }
}

fn head_buckets() -> Histogram {
    Histogram::new([0.000_1, 0.000_5, 0.002_5, 0.01, 0.05, 0.25, 1.0, 5.0])
}

fn response_buckets() -> Histogram {
    Histogram::new([0.000_5, 0.005, 0.05, 0.5, 5.0, 30.0, 120.0, 600.0, 3600.0])
}

/// A service whose answers are counted when their bodies end.
#[derive(Clone, Debug)]
pub struct Measured<S> {
    inner: S,
    metrics: Metrics,
}

impl<S, B, R> Service<Request<B>> for Measured<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body,
{
    type Response = Response<EndBody<R, Meter>>;
    type Error = S::Error;
    type Future = Measuring<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let verb = match *request.method() {
            Method::GET => Verb::Get,
            Method::HEAD => Verb::Head,
            Method::OPTIONS => Verb::Options,
            _ => Verb::Other,
        };
        let transfer = request.extensions().get::<Transfer>().cloned();
        let begun = InFlight::begin(self.metrics.clone());
        Measuring { inner: self.inner.call(request), about: Some((begun, verb, transfer)) }
    }
}

/// Counted as in flight from the first line to the last, whatever happens between.
#[derive(Debug)]
struct InFlight {
    metrics: Metrics,
    since: Instant,
}

impl InFlight {
    fn begin(metrics: Metrics) -> Self {
        metrics.0.in_flight.inc();
        Self { metrics, since: Instant::now() }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.0.in_flight.dec();
    }
}

pin_project_lite::pin_project! {
    /// The answer, with its body measured.
    #[derive(Debug)]
    pub struct Measuring<F> {
        #[pin]
        inner: F,
        about: Option<(InFlight, Verb, Option<Transfer>)>,
    }
}

impl<F, R, E> Future for Measuring<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: http_body::Body,
{
    type Output = Result<Response<EndBody<R, Meter>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let Some((in_flight, method, transfer)) = this.about.take() else { return Poll::Pending };
        let is_refusal = || response.extensions().get::<Refusal>().is_some_and(|r| is_of_a_layer(r.reason()));
        let own = response.extensions().get::<Kind>().copied();
        let kind = own.unwrap_or_else(|| if is_refusal() { Kind::Refusal } else { Kind::File });
        in_flight.metrics.of(kind).head_seconds.observe(in_flight.since.elapsed().as_secs_f64());
        let meter = Meter { in_flight, kind, method, status: response.status(), bytes: 0, transfer };
        Poll::Ready(Ok(response.map(|body| EndBody::new(body, meter))))
    }
}

/// The gateway's own refusals are answers about files; those of layers are not about what was asked.
fn is_of_a_layer(reason: &str) -> bool {
    !crate::error::REASONS.contains(&reason)
}

/// Counts one answer to its end.
#[derive(Debug)]
pub struct Meter {
    in_flight: InFlight,
    kind: Kind,
    method: Verb,
    status: StatusCode,
    bytes: u64,
    transfer: Option<Transfer>,
}

impl Tap for Meter {
    fn data(&mut self, data: &impl Buf) {
        self.bytes += data.remaining() as u64;
    }

    fn end(&mut self, end: End) {
        let &mut Self { ref in_flight, kind, method, status, bytes, ref transfer } = self;
        let InFlight { metrics, since } = in_flight;
        // Produced to its end is not delivered: the socket may have died with the last bytes.
        let short = transfer.as_ref().is_some_and(|transfer| transfer.sent() < bytes);
        let outcome = if short && end == End::Complete { End::Abandoned } else { end };
        let ended = Ended { kind, method, status: Status(status), outcome: Outcome(outcome) };
        let figures = metrics.of(kind);
        if ended == Ended::fine(kind) {
            figures.fine.inc();
        } else {
            metrics.0.requests.get_or_create(&ended).inc();
        }
        figures.bytes.inc_by(bytes);
        figures.response_seconds.observe(since.elapsed().as_secs_f64());
    }
}
