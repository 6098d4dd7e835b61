//! What the cache has, what it could fetch, and how it treats both.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::fake::Verb;

/// How the cache treats what it fetches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// It keeps an object until it is purged.
    #[default]
    Keeps,
    /// It keeps nothing, and does not say that it does.
    KeepsNothing,
    /// It says that it keeps an object, and has lost it the moment after.
    Forgets,
    /// It answers a purge as done, and keeps the object.
    KeepsForEver,
}

/// How often a path was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// GET.
    pub get: u32,
    /// HEAD.
    pub head: u32,
    /// GET or HEAD of what is in the cache.
    pub look: u32,
    /// PURGE.
    pub purge: u32,
    /// REFRESH.
    pub refresh: u32,
}

/// All paths that were put or asked for.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    state: Mutex<State>,
    /// Bytes of what was not put, and one more; 0 for none.
    everywhere: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    things: HashMap<String, Thing>,
    habit: Habit,
}

#[derive(Clone, Copy, Debug, Default)]
struct Thing {
    bytes: Option<u64>,
    habit: Option<Habit>,
    /// Since when it is in the cache.
    kept: Option<SystemTime>,
    asked: Asked,
}

/// What a request finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes of the object; `None` where there is none, not even behind the cache.
    pub(super) bytes: Option<u64>,
    /// How long it was in the cache, if it was.
    pub(super) kept: Option<Duration>,
    /// Whether the cache says that it keeps what it fetches for this request.
    pub(super) stores: bool,
}

/// Whether this request is one for which the cache keeps what it fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Yes,
    No,
}

impl Shelf {
    pub(super) fn put(&self, path: &str, bytes: u64) {
        self.with(path, |thing| thing.bytes = Some(bytes));
    }

    pub(super) fn put_everywhere(&self, bytes: u64) {
        self.everywhere.store(bytes + 1, Relaxed);
    }

    pub(super) fn behave(&self, habit: Habit) {
        self.state.lock().habit = habit;
    }

    pub(super) fn behave_with(&self, path: &str, habit: Habit) {
        self.with(path, |thing| thing.habit = Some(habit));
    }

    pub(super) fn fill(&self, path: &str, age: Duration) {
        self.with(path, |thing| thing.kept = Some(SystemTime::now() - age));
    }

    pub(super) fn clear(&self) {
        self.state.lock().things.values_mut().for_each(|thing| thing.kept = None);
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.state.lock().things.get(path).is_some_and(|thing| thing.kept.is_some())
    }

    pub(super) fn asked(&self, path: &str) -> Asked {
        self.state.lock().things.get(path).map(|thing| thing.asked).unwrap_or_default()
    }

    fn with(&self, path: &str, change: impl FnOnce(&mut Thing)) {
        change(self.state.lock().things.entry(path.to_owned()).or_default());
    }

    /// One request: what it finds, and what becomes of the object.
    pub(super) fn ask(&self, verb: Verb, path: &str, keeping: Keeping) -> Found {
        let everywhere = self.everywhere.load(Relaxed).checked_sub(1);
        let state = &mut *self.state.lock();
        let thing = state.things.entry(path.to_owned()).or_default();
        let habit = thing.habit.unwrap_or(state.habit);
        let kept = thing.kept.map(|since| since.elapsed().unwrap_or_default());
        let found = Found { bytes: thing.bytes.or(everywhere), kept, stores: false };
        let count = match verb {
            Verb::Get => &mut thing.asked.get,
            Verb::Head => &mut thing.asked.head,
            Verb::Look => &mut thing.asked.look,
            Verb::Purge => &mut thing.asked.purge,
            Verb::Refresh => &mut thing.asked.refresh,
            _ => return found,
        };
        *count += 1;
        match verb {
            Verb::Purge => {
                thing.kept = thing.kept.filter(|_| habit == Habit::KeepsForEver);
                found
            }
            Verb::Look => found,
            Verb::Get | Verb::Head if kept.is_some() => found,
            _ => {
                let stores = found.bytes.is_some() && keeping == Keeping::Yes && habit != Habit::KeepsNothing;
                if stores && habit != Habit::Forgets {
                    thing.kept = Some(SystemTime::now());
                }
                Found { kept: None, stores, ..found }
            }
        }
    }
}
