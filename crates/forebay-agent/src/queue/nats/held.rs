//! The rows that a worker has in hand.
//!
//! The server hands a message to somebody else when it has heard nothing of it for a while, so it is told, as long as the lease lasts, that
//! work is going on. When the lease ends it is not told any more, and the row comes again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::message::Acker;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::ledger::Source;
use crate::queue::{LeaseId, RowId};

#[derive(Debug, Default)]
pub(super) struct Held(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    by_token: HashMap<i64, Row>,
    tokens: HashMap<Source, i64>,
    last: i64,
}

struct Row {
    source: Source,
    acker: Arc<Acker>,
    until: Instant,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("source", &self.source)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Held {
    /// Takes a row in hand. Nothing if it is in hand already: then the message came once more, and is the one to be answered now.
    pub(super) fn take(&self, source: Source, acker: Acker, span: Duration) -> Option<LeaseId> {
        let mut rows = self.0.lock();
        let acker = Arc::new(acker);
        if let Some(token) = rows.tokens.get(&source).copied()
            && let Some(row) = rows.by_token.get_mut(&token)
        {
            row.acker = acker;
            return None;
        }
        rows.last += 1;
        let token = rows.last;
        rows.tokens.insert(source.clone(), token);
        rows.by_token.insert(token, Row { source, acker, until: Instant::now() + span });
        Some(lease(token))
    }

    /// Holds a row for `span` from now; whether it was held.
    pub(super) fn extend(&self, lease: LeaseId, span: Duration) -> bool {
        let mut rows = self.0.lock();
        let row = rows.by_token.get_mut(&lease.token);
        row.map(|row| row.until = Instant::now() + span).is_some()
    }

    /// Which row it is, if it is held.
    pub(super) fn source(&self, lease: LeaseId) -> Option<Source> {
        self.0.lock().by_token.get(&lease.token).map(|row| row.source.clone())
    }

    /// Puts a row out of hand. Its message is to be answered.
    pub(super) fn put_down(&self, source: &Source) -> Option<Arc<Acker>> {
        let mut rows = self.0.lock();
        let token = rows.tokens.remove(source)?;
        rows.by_token.remove(&token).map(|row| row.acker)
    }

    /// The messages of all rows that are being worked on. Those whose lease has ended are forgotten.
    pub(super) fn at_work(&self) -> Vec<Arc<Acker>> {
        let now = Instant::now();
        let mut rows = self.0.lock();
        rows.by_token.retain(|_, row| row.until > now);
        let Rows { by_token, tokens, .. } = &mut *rows;
        tokens.retain(|_, token| by_token.contains_key(token));
        by_token.values().map(|row| Arc::clone(&row.acker)).collect()
    }
}

const fn lease(token: i64) -> LeaseId {
    LeaseId { row: RowId { job: 0, n: 0, edge: 0 }, token }
}
