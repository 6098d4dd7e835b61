//! The service: the record begins with the request's head.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower_service::Service;

use super::capturing::{Capture, Kind};
use super::head::{About, Head};
use super::inbound::{Inbound, Seen};
use super::layer::Shared;
use super::recorder::Pending;
use super::{MovedHandle, RequestBody, RequestTrace, ResponseBody, ResponseFuture, User};
use crate::body::{EndBody, Prefix};

/// Logs each request of the inner service.
#[derive(Clone, Debug)]
pub struct AccessLog<S> {
    pub(super) inner: S,
    pub(super) shared: Option<Arc<Shared>>,
}

impl<S, B, R> Service<Request<B>> for AccessLog<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display,
    B: Body,
    B::Error: Display,
    R: Body,
    R::Error: Display,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match &self.shared {
            None => ResponseFuture::new(self.inner.call(request.map(|body| EndBody::new(body, None))), None),
            Some(shared) => {
                let (pending, request) = begin(shared.clone(), request);
                ResponseFuture::new(self.inner.call(request), Some(pending))
            }
        }
    }
}

/// Notes the head, and puts a tap into the body if there is one.
fn begin<B: Body>(shared: Arc<Shared>, request: Request<B>) -> (Pending, Request<RequestBody<B>>) {
    let (start, started) = (Instant::now(), SystemTime::now());
    let (mut parts, body) = request.into_parts();
    let options = &shared.options;
    let trace = RequestTrace::of(&parts.headers);
    let (form, ledger) = (shared.queue.form(), shared.queue.ledger());
    let head = Head::of(&About { parts: &parts, trace: &trace, start: started, options, form }, ledger);
    let moved = parts.extensions.get::<MovedHandle>().cloned();
    let moved = moved.or_else(|| options.moved_from.and_then(|from| from(&parts.extensions)));
    let user = parts.extensions.get::<User>().map(|User(user)| user.clone());
    let inbound = (!body.is_end_stream()).then(|| {
        let limit = options.capture.request.as_usize();
        let capture = (limit > 0).then(|| {
            let kind = Kind::of_request(&parts.method, &parts.headers);
            let mut prefix = Prefix::new(limit, body.size_hint().exact(), ledger.clone());
            if let Kind::Skip(why) = kind {
                prefix.skip(why);
            }
            Capture { kind, prefix }
        });
        Arc::new(Seen::new(capture))
    });
    parts.extensions.insert(trace);
    let tap = inbound.clone().map(Inbound);
    let pending = Pending { shared, head, trace, start, started, inbound, moved, user };
    (pending, Request::from_parts(parts, EndBody::new(body, tap)))
}
