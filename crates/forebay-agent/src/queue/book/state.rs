//! The states of rows and jobs as they are written down.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::queue::RowState;
use crate::task::Lane;

/// How a row stands. Three states are one to everybody outside: [`RowState::Waiting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// It is leased when it is due and its turn comes.
    Waiting = 0,
    /// It waits for another row of its URL on its edge, and is put back to [`Self::Waiting`] when that has ended.
    Parked = 1,
    /// It waits for its URL on the edges of lower tiers.
    Held = 2,
    /// It is leased.
    Processing = 3,
    Succeeded = 4,
    Failed = 5,
    Cancelled = 6,
}

/// How far a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// Its URLs are coming in. Nobody was told that it exists.
    Open = 0,
    /// A repetition whose rows are being made.
    Copying = 1,
    /// It has all its rows.
    Sealed = 2,
    /// It is being removed, and nobody sees it any more.
    Dropped = 3,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Parked,
        Self::Held,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    pub(super) const fn is_live(self) -> bool {
        (self as u8) < (Self::Succeeded as u8)
    }

    /// What it is called outside.
    pub(super) const fn shown(self) -> RowState {
        match self {
            Self::Waiting | Self::Parked | Self::Held => RowState::Waiting,
            Self::Processing => RowState::Processing,
            Self::Succeeded => RowState::Succeeded,
            Self::Failed => RowState::Failed,
            Self::Cancelled => RowState::Cancelled,
        }
    }

    /// The first and the last state that is called so.
    pub(super) const fn range(shown: RowState) -> (Self, Self) {
        match shown {
            RowState::Waiting => (Self::Waiting, Self::Held),
            RowState::Processing => (Self::Processing, Self::Processing),
            RowState::Succeeded => (Self::Succeeded, Self::Succeeded),
            RowState::Failed => (Self::Failed, Self::Failed),
            RowState::Cancelled => (Self::Cancelled, Self::Cancelled),
        }
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = usize::try_from(value.as_i64()?).unwrap_or(usize::MAX);
        Self::ALL.get(number).copied().ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as u8).into())
    }
}

impl FromSql for Stage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Open),
            1 => Ok(Self::Copying),
            2 => Ok(Self::Sealed),
            3 => Ok(Self::Dropped),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Stage {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as u8).into())
    }
}

/// The lane's place in [`Lane::ALL`].
pub(super) const fn number(lane: Lane) -> usize {
    match lane {
        Lane::Control => 0,
        Lane::Bulk => 1,
    }
}

/// The lane of a number that was written down.
pub(super) fn lane(number: usize) -> Lane {
    Lane::ALL.get(number).copied().unwrap_or(Lane::Bulk)
}
