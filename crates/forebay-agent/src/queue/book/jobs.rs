//! What the writer has to know of a job to work on its rows.
//!
//! The facts of the jobs that were asked for last are kept, a bounded number of them: leasing and settling ask for the same few again
//! and again.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::state::Stage;
use crate::queue::{JobId, Moment, QueueError, Terms};
use crate::task::Action;
use crate::window::Window;

/// Jobs whose facts are kept, with at most 16 KiB of options each.
const KEPT_MAX: usize = 256;

/// What of a job does not change while it has rows that live; but for being cancelled.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) seq: i64,
    pub(super) id: JobId,
    pub(super) stage: Stage,
    pub(super) list: i64,
    pub(super) urls: i64,
    pub(super) edges: i64,
    pub(super) is_tiered: bool,
    pub(super) is_cancelled: bool,
    pub(super) terms: Terms,
}

/// The columns of [`Facts`], in the order in which [`Facts::read`] reads them.
pub(super) const FACTS: &str = "seq, id, stage, list, urls, edges, tiered, cancelled, \
    action, priority, options, label, at, opens, closes, every, webhook";

#[derive(Debug, Default)]
pub(super) struct Jobs(HashMap<i64, Arc<Facts>>);

impl Jobs {
    /// The facts of a job; nothing if there is none (any more).
    pub(super) fn get(&mut self, db: &Connection, seq: i64) -> Result<Option<Arc<Facts>>, QueueError> {
        if let Some(facts) = self.0.get(&seq) {
            return Ok(Some(Arc::clone(facts)));
        }
        let mut query = db.prepare_cached(&format!("SELECT {FACTS} FROM jobs WHERE seq = ?"))?;
        let Some(facts) = query.query_row([seq], Facts::read).optional()? else { return Ok(None) };
        if self.0.len() >= KEPT_MAX {
            self.0.clear();
        }
        let facts = Arc::new(facts);
        self.0.insert(seq, Arc::clone(&facts));
        Ok(Some(facts))
    }

    /// What was known of it may be so no more.
    pub(super) fn forget(&mut self, seq: i64) {
        self.0.remove(&seq);
    }

    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}

impl Facts {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: parsed(row, 1)?,
            stage: row.get(2)?,
            list: row.get(3)?,
            urls: row.get(4)?,
            edges: row.get(5)?,
            is_tiered: row.get(6)?,
            is_cancelled: row.get(7)?,
            terms: Terms {
                action: parsed::<Action>(row, 8)?,
                priority: row.get(9)?,
                options: row.get::<_, String>(10)?.into(),
                label: row.get(11)?,
                at: row.get::<_, Option<i64>>(12)?.map(Moment),
                window: window(row.get(13)?, row.get(14)?),
                every: row.get::<_, Option<u64>>(15)?.map(std::time::Duration::from_millis),
                webhook: row.get(16)?,
            },
        })
    }
}

pub(super) fn window(opens: Option<u16>, closes: Option<u16>) -> Option<Window> {
    Window::new(opens?, closes?).ok()
}

/// A column whose text means something.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
