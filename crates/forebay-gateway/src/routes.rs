//! The table of contents: which request goes where.
//!
//! | method | what is there | query | answer |
//! |---|---|---|---|
//! | GET, HEAD | file | | the file ([`crate::respond`]) |
//! | GET, HEAD | file | `?download[=name]` | the file, as an attachment |
//! | GET, HEAD | file, path ends in `/` | | 404; from a store that answers for its directories itself, the file |
//! | GET, HEAD | directory, no `/` at the end | | 308 to the same with `/` |
//! | GET, HEAD | directory | `?archive=tar\|zip` | all below it as one file ([`crate::archive`]) |
//! | GET, HEAD | directory with an index | | the index |
//! | GET, HEAD | directory | | listing ([`crate::list`]) |
//! | GET, HEAD | nothing, `Accept` names HTML, `spa_fallback` is set | | that file, 200 |
//! | OPTIONS | anything, `*` | | 204 with `Allow` |
//! | PUT, DELETE, MKCOL, MOVE | anything | | where they are on, [`crate::upload`] |
//! | other | | | 405 with `Allow` |

use forebay_auth::Right;
use forebay_store::{Answer, Key, Kind, Object, StoreErrorKind};
use http::header::{ACCEPT, ALLOW, LOCATION, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use crate::ahead::{self, Ahead};
use crate::body::Body;
use crate::error::Failure;
use crate::gateway::Shared;
use crate::path::encode_segment;
use crate::query::Query;
use crate::respond::upstream;
use crate::target::Target;
use crate::upload::{self, Inbound};
use crate::visitor::{self, Visitor};
use crate::{archive, list, respond};

/// Answers any request.
pub(crate) async fn answer(shared: &Shared, head: &Parts) -> Response<Body> {
    let answer = match head.method {
        Method::GET | Method::HEAD => read(shared, head).await,
        Method::OPTIONS => Ok(options(shared)),
        _ => Err(Failure::MethodNotAllowed),
    };
    answer.unwrap_or_else(|failure| refused(shared, head, failure))
}

/// Answers a request that may change the store.
pub(crate) async fn take(shared: &Shared, head: &Parts, body: Inbound) -> Response<Body> {
    let asked = async {
        let target = Target::of(head)?;
        let visitor = visitor::of(shared, head, &target.key).await?;
        Ok((target, visitor))
    };
    let (target, visitor) = match asked.await {
        Ok(asked) => asked,
        Err(failure) => return refused(shared, head, failure),
    };
    let answer = match &shared.options.uploads {
        Some(uploads) => upload::answer(uploads, &visitor, head, target, body).await,
        None => Err(Failure::MethodNotAllowed),
    };
    visitor.sign(answer.unwrap_or_else(|failure| refused(shared, head, failure)))
}

/// Whether a method changes nothing, so that its body does not matter.
pub(crate) const fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn refused(shared: &Shared, head: &Parts, failure: Failure) -> Response<Body> {
    let mut response = failure.into_response(&head.headers, shared.options.retry_after);
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, shared.allowed.clone());
    }
    response
}

fn options(shared: &Shared) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, shared.allowed.clone());
    response
}

async fn read(shared: &Shared, head: &Parts) -> Result<Response<Body>, Failure> {
    let target = Target::of(head)?;
    let visitor = visitor::of(shared, head, &target.key).await?;
    let answer = shown(shared, head, target, &visitor).await;
    Ok(visitor.sign(answer.unwrap_or_else(|failure| refused(shared, head, failure))))
}

/// What is there, if he may see it.
async fn shown(
    shared: &Shared,
    head: &Parts,
    target: Target,
    visitor: &Visitor,
) -> Result<Response<Body>, Failure> {
    visitor.may_any([Right::Read, Right::List], &target.key)?;
    let place = Place { key: target.key, is_directory: target.is_directory };
    let mut query = head.uri.query().map(Query::parse);
    if let Some(name) = visitor.file_name() {
        query.get_or_insert_default().download = Some(name.as_bytes().to_vec());
    }
    let object = match place.open(shared, ahead::of(head)).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => {
            return Box::pin(instead(shared, head, &place, query.as_ref(), visitor)).await;
        }
        Err(error) => return Err(error.into()),
    };
    match object.meta().kind {
        Kind::File => {
            visitor.may(Right::Read, &place.key)?;
            match object.is_remote() {
                true => Box::pin(remote(shared, head, &place, object, query.as_ref())).await,
                false => respond::object(shared, head, &place.key, object, query.as_ref()).await,
            }
        }
        // To whoever may not list it, a directory is as little there as one that is missing.
        Kind::Directory if !place.is_directory && visitor.may(Right::List, &place.key).is_err() => {
            Err(Failure::NotFound)
        }
        Kind::Directory if !place.is_directory => Ok(with_slash(head, place.key.as_bytes())),
        Kind::Directory => {
            Box::pin(directory(shared, head, place.key, query.unwrap_or_default(), visitor)).await
        }
    }
}

/// What a path names.
struct Place {
    key: Key,
    /// It ends in a slash.
    is_directory: bool,
}

impl Place {
    fn open<'a>(&'a self, shared: &'a Shared, ahead: Ahead) -> Answer<'a, Object> {
        match (self.is_directory, ahead) {
            (true, ahead) => shared.store.open_directory(&self.key, ahead == Ahead::Bytes(None)),
            (false, Ahead::Bytes(range)) => shared.store.open_to_read(&self.key, range),
            (false, Ahead::Head) => shared.store.open(&self.key),
        }
    }
}

/// Answers with a file that may be across a network. There it may have been replaced between its head and its first byte: then the next version is
/// the answer. If that is gone too, somebody else is faster than we are.
async fn remote(
    shared: &Shared,
    head: &Parts,
    place: &Place,
    object: Object,
    query: Option<&Query>,
) -> Result<Response<Body>, Failure> {
    let effort = object.effort().cloned();
    match respond::object(shared, head, &place.key, object, query).await {
        Err(Failure::Store(error)) if effort.is_some() && error.kind() == StoreErrorKind::Changed => {
            let object = place.open(shared, Ahead::Head).await?;
            let effort = object.effort().cloned();
            let answer = Box::pin(respond::object(shared, head, &place.key, object, query)).await?;
            Ok(upstream::noted(answer, effort))
        }
        answer => Ok(upstream::noted(answer?, effort)),
    }
}

async fn directory(
    shared: &Shared,
    head: &Parts,
    key: Key,
    query: Query,
    visitor: &Visitor,
) -> Result<Response<Body>, Failure> {
    if let Some(form) = query.archive {
        visitor.may_below(Right::List, &key)?;
        visitor.may_below(Right::Read, &key)?;
        return archive::answer(shared, head, key, form).await;
    }
    if let Some((index, object)) = index(shared, head, &key, visitor).await? {
        return remote(shared, head, &index, object, Some(&query)).await;
    }
    visitor.may(Right::List, &key)?;
    list::answer(shared, head, key, query, visitor).await
}

/// Nothing is there. Where a store answers for its directories itself, one without an answer may still have an index.
async fn instead(
    shared: &Shared,
    head: &Parts,
    place: &Place,
    query: Option<&Query>,
    visitor: &Visitor,
) -> Result<Response<Body>, Failure> {
    if place.is_directory
        && let Some((index, object)) = index(shared, head, &place.key, visitor).await?
    {
        return remote(shared, head, &index, object, query).await;
    }
    missing(shared, head, visitor).await
}

/// The file that answers for a directory, where there is one.
async fn index(
    shared: &Shared,
    head: &Parts,
    directory: &Key,
    visitor: &Visitor,
) -> Result<Option<(Place, Object)>, Failure> {
    let root = shared.root_index.clone().filter(|_| directory.is_root());
    let named = match &shared.options.index {
        Some(name) => directory.join(name.as_bytes()).ok(),
        None => None,
    };
    let may_read = |key: &Key| visitor.may(Right::Read, key).is_ok();
    for key in [root, named].into_iter().flatten().filter(may_read) {
        let place = Place { key, is_directory: false };
        match place.open(shared, ahead::of(head)).await {
            Ok(object) if object.meta().kind == Kind::File => return Ok(Some((place, object))),
            Ok(_) => {}
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Nothing is there: 404, or the page of a single-page application for those who ask for a page.
async fn missing(shared: &Shared, head: &Parts, visitor: &Visitor) -> Result<Response<Body>, Failure> {
    let asks_for_page = || {
        head.headers
            .get_all(ACCEPT)
            .iter()
            .any(|value| value.as_bytes().windows(9).any(|window| window.eq_ignore_ascii_case(b"text/html")))
    };
    match &shared.spa_fallback {
        Some(key) if asks_for_page() && visitor.may(Right::Read, key).is_ok() => {
            let place = Place { key: key.clone(), is_directory: false };
            let object = place.open(shared, ahead::of(head)).await?;
            let mut response = remote(shared, head, &place, object, None).await?;
            // Others get 404 here.
            response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
            Ok(response)
        }
        _ => Err(Failure::NotFound),
    }
}

/// 308 to the same path with a slash. The target is relative to the last segment, so that it holds
/// behind a proxy that adds a prefix, and begins with `./`, so that no name can be read as a scheme or
/// a host.
fn with_slash(head: &Parts, name: &[u8]) -> Response<Body> {
    let last = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("./{}/{query}", encode_segment(last));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(target) = HeaderValue::try_from(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use forebay_budget::Ledger;
    use forebay_store::{Answer, Key, ListAsk, ListPage, Object, Store, StoreErrorKind};
    use http::Request;

    use crate::Gateway;
    use crate::GatewayOptions;

    #[derive(Debug)]
    struct Nothing;

    impl Store for Nothing {
        fn open<'a>(&'a self, _: &'a Key) -> Answer<'a, Object> {
            Answer::now(Err(StoreErrorKind::NotFound.into()))
        }

        fn try_open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
            self.open(key)
        }

        fn list<'a>(&'a self, _: &'a Key, _: &'a ListAsk) -> Answer<'a, ListPage> {
            Answer::now(Err(StoreErrorKind::NotFound.into()))
        }
    }

    #[test]
    fn deciding_takes_little_memory() {
        let gateway = Gateway::new(Arc::new(Nothing), GatewayOptions::default(), Ledger::new([])).unwrap();
        let (head, ()) = Request::get("/a").body(()).unwrap().into_parts();
        let size = size_of_val(&super::answer(&gateway.shared, &head));
        assert!(size <= 2048, "the future of one decision takes {size} bytes");
    }
}
