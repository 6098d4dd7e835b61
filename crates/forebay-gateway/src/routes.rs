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
//! | other | | | 405 with `Allow` |

use forebay_store::{Answer, Key, Kind, Object, StoreErrorKind};
use http::header::{ACCEPT, ALLOW, LOCATION, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use crate::ahead::{self, Ahead};
use crate::body::Body;
use crate::error::{ALLOWED, Failure};
use crate::gateway::Shared;
use crate::path::{self, encode_segment};
use crate::query::Query;
use crate::respond::upstream;
use crate::{archive, list, respond};

/// Answers any request.
pub(crate) async fn answer(shared: &Shared, head: &Parts) -> Response<Body> {
    let answer = match head.method {
        Method::GET | Method::HEAD => read(shared, head).await,
        Method::OPTIONS => Ok(options()),
        _ => Err(Failure::MethodNotAllowed),
    };
    answer.unwrap_or_else(|failure| failure.into_response(&head.headers, shared.options.retry_after))
}

fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, ALLOWED);
    response
}

async fn read(shared: &Shared, head: &Parts) -> Result<Response<Body>, Failure> {
    let name = path::decode(head.uri.path())?;
    if name.starts_with(b"/") {
        // `//host` is a reference to another host: no answer of ours may repeat it.
        return Err(Failure::NotFound);
    }
    let key = Key::parse(&name)?;
    let is_directory_path = name.is_empty() || name.ends_with(b"/");
    let place = Place { key, is_directory: is_directory_path };
    let query = head.uri.query().map(Query::parse);
    let object = match place.open(shared, ahead::of(head)).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => {
            return Box::pin(instead(shared, head, &place, query.as_ref())).await;
        }
        Err(error) => return Err(error.into()),
    };
    let Place { key, .. } = &place;
    match object.meta().kind {
        Kind::File if object.is_remote() => {
            Box::pin(remote(shared, head, &place, object, query.as_ref())).await
        }
        Kind::File => respond::object(shared, head, key, object, query.as_ref()).await,
        Kind::Directory if !is_directory_path => Ok(with_slash(head, &name)),
        Kind::Directory => Box::pin(directory(shared, head, place.key, query.unwrap_or_default())).await,
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

async fn directory(shared: &Shared, head: &Parts, key: Key, query: Query) -> Result<Response<Body>, Failure> {
    if let Some(form) = query.archive {
        return archive::answer(shared, head, key, form).await;
    }
    if let Some((index, object)) = index(shared, head, &key).await? {
        return remote(shared, head, &index, object, Some(&query)).await;
    }
    list::answer(shared, head, key, query).await
}

/// Nothing is there. Where a store answers for its directories itself, one without an answer may still have an index.
async fn instead(
    shared: &Shared,
    head: &Parts,
    place: &Place,
    query: Option<&Query>,
) -> Result<Response<Body>, Failure> {
    if place.is_directory
        && let Some((index, object)) = index(shared, head, &place.key).await?
    {
        return remote(shared, head, &index, object, query).await;
    }
    missing(shared, head).await
}

/// The file that answers for a directory, where there is one.
async fn index(shared: &Shared, head: &Parts, directory: &Key) -> Result<Option<(Place, Object)>, Failure> {
    let root = shared.root_index.clone().filter(|_| directory.is_root());
    let named = match &shared.options.index {
        Some(name) => directory.join(name.as_bytes()).ok(),
        None => None,
    };
    for key in [root, named].into_iter().flatten() {
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
async fn missing(shared: &Shared, head: &Parts) -> Result<Response<Body>, Failure> {
    let asks_for_page = || {
        head.headers
            .get_all(ACCEPT)
            .iter()
            .any(|value| value.as_bytes().windows(9).any(|window| window.eq_ignore_ascii_case(b"text/html")))
    };
    match &shared.spa_fallback {
        Some(key) if asks_for_page() => {
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
