//! A row as the writer reads it.

use rusqlite::Row;

use super::state::{State, lane};
use crate::queue::{Moment, RowId};
use crate::task::Lane;

#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) id: RowId,
    /// The hash of its URL.
    pub(super) key: i64,
    pub(super) lane: Lane,
    pub(super) tier: u8,
    pub(super) state: State,
    pub(super) due: Moment,
    pub(super) attempts: u32,
    /// Of its last lease.
    pub(super) token: Option<i64>,
}

/// The columns of [`Found`], in the order in which [`Found::read`] reads them.
pub(super) const COLUMNS: &str = "job, n, edge, key, lane, tier, state, due, attempts, token";

impl Found {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: RowId { job: row.get(0)?, n: row.get(1)?, edge: row.get(2)? },
            key: row.get(3)?,
            lane: lane(row.get(4)?),
            tier: row.get(5)?,
            state: row.get(6)?,
            due: Moment(row.get(7)?),
            attempts: row.get(8)?,
            token: row.get(9)?,
        })
    }
}
