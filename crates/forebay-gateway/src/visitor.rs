//! Who asks, and whether he may.
//!
//! Every request passes here between its path and the store: what it shows of itself is read, and every way to an object asks for a right by
//! the name of that object. No answer depends on whether anything is there until that is settled, so that *forbidden* and *missing* cannot be told
//! apart by those who may not know. Without doors everybody may do what is switched on.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_auth::{Ask, Caller, Doors, Existing, Place, Refusal, Right, Step};
use forebay_budget::Class;
use forebay_net::ConnInfo;
use forebay_store::Key;
use forebay_tower::Client;
use forebay_tower::access_log::User;
use http::Response;
use http::request::Parts;

use crate::error::Failure;
use crate::gateway::Shared;

/// When somebody may come again whose password could not be verified for want of memory.
const SOON: Duration = Duration::from_secs(1);

/// Whoever sent a request. Cheap to clone; without doors it is nothing.
#[derive(Clone)]
pub(crate) struct Visitor(Option<Arc<Known>>);

/// Somebody before the doors.
struct Known {
    doors: Arc<Doors>,
    caller: Caller,
}

/// Finds out who sent a request.
pub(crate) async fn of(shared: &Shared, head: &Parts, key: &Key) -> Result<Visitor, Failure> {
    match &shared.options.doors {
        None => Ok(Visitor(None)),
        // Boxed: without doors nobody pays for this.
        Some(doors) => Box::pin(identified(shared, doors, head, key)).await,
    }
}

async fn identified(
    shared: &Shared,
    doors: &Arc<Doors>,
    head: &Parts,
    key: &Key,
) -> Result<Visitor, Failure> {
    let peer = head.extensions.get::<ConnInfo>().map(|conn| conn.peer.ip());
    let ask = Ask {
        method: &head.method,
        place: place(key)?,
        query: head.uri.query(),
        headers: &head.headers,
        client: head.extensions.get::<Client>().map(|client| client.0).or(peer),
        certificate: None,
        now: SystemTime::now(),
    };
    let busy = || Failure::Refused(Refusal::Busy { retry_after: SOON });
    let caller = match doors.identify(&ask)? {
        Step::Caller(caller) => caller,
        Step::Password(pending) => {
            let patience = shared.options.patience;
            let lease = shared.ledger.acquire(Class::Passwords, pending.bytes(), patience).await;
            let lease = lease.map_err(|_| busy())?;
            let verified = tokio::task::spawn_blocking(move || pending.run(lease, SystemTime::now())).await;
            verified.map_err(|_| busy())??
        }
        Step::Keys => return Err(busy()),
    };
    Ok(Visitor(Some(Arc::new(Known { doors: Arc::clone(doors), caller }))))
}

impl Visitor {
    /// Whether he may do this to the object of this name.
    pub(crate) fn may(&self, right: Right, key: &Key) -> Result<(), Failure> {
        match &self.0 {
            Some(known) => Ok(known.doors.may(&known.caller, right, place(key)?)?),
            None => Ok(()),
        }
    }

    /// Whether he may do one of these, before it is known which it will be.
    pub(crate) fn may_any(&self, rights: [Right; 2], key: &Key) -> Result<(), Failure> {
        let [first, second] = rights;
        self.may(first, key).or_else(|refused| self.may(second, key).map_err(|_| refused))
    }

    /// Whether he may do this to everything below.
    pub(crate) fn may_below(&self, right: Right, key: &Key) -> Result<(), Failure> {
        match &self.0 {
            Some(known) => Ok(known.doors.may_below(&known.caller, right, place(key)?)?),
            None => Ok(()),
        }
    }

    /// Whether he may give something another name.
    pub(crate) fn may_move(&self, from: &Key, to: &Key, existing: Existing) -> Result<(), Failure> {
        match &self.0 {
            Some(known) => Ok(known.doors.may_move(&known.caller, place(from)?, place(to)?, existing)?),
            None => Ok(()),
        }
    }

    /// Whether a listing of `folder` need not be looked through for him, entry by entry.
    pub(crate) fn is_shown_all_of(&self, folder: &Key) -> bool {
        let Some(known) = &self.0 else { return true };
        place(folder).is_ok_and(|folder| {
            !known.doors.policy().has_rules_below(folder) && known.doors.shows(&known.caller, folder)
        })
    }

    /// Whether a listing of `folder` shows him the entry of this name.
    pub(crate) fn is_shown(&self, folder: &Key, name: &[u8]) -> bool {
        let Some(known) = &self.0 else { return true };
        let Ok(key) = folder.join(name) else { return false };
        place(&key).is_ok_and(|entry| known.doors.shows(&known.caller, entry))
    }

    /// The most that he may send, where his link says so.
    pub(crate) fn bytes_max(&self) -> Option<u64> {
        self.0.as_ref()?.caller.narrowed().and_then(|narrowed| narrowed.bytes_max)
    }

    /// The name that his download is saved under, where his link says so.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.0.as_ref()?.caller.narrowed().and_then(|narrowed| narrowed.file_name.as_deref())
    }

    /// Says in the log who it was, and how that was proved.
    pub(crate) fn sign<B>(&self, mut response: Response<B>) -> Response<B> {
        if let Some(who) = self.0.as_ref().and_then(|known| known.caller.identity()) {
            response.extensions_mut().insert(User(format!("{} ({})", who.name(), who.proof())));
        }
        response
    }
}

/// A key as the law has it.
fn place(key: &Key) -> Result<Place<'_>, Failure> {
    Place::new(key.as_bytes()).map_err(|_| Failure::NotFound)
}
