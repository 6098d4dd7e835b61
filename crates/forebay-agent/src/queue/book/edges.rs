//! What the writer keeps in mind of each edge: how much waits there, and whether it catches up.
//!
//! All of it can be counted from the tables. It is counted when the queue is opened, or when a transaction had to be taken back, and
//! kept up to date in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::signals::Signals;
use super::state::{State, number};
use crate::edge::EdgeName;
use crate::queue::{EdgeLoad, Moment, QueueError, RowState, SHARE_MIN};
use crate::task::{Action, Lane};

#[derive(Debug)]
pub(super) struct Edges {
    by_id: BTreeMap<i64, Edge>,
    ids: HashMap<EdgeName, i64>,
    /// Rows that wait, on all edges.
    pub(super) waiting: u64,
    /// Whose catching up is other than in the table.
    dirty: BTreeSet<i64>,
    /// Who was told last that there is room: the next one is whoever comes after it.
    turn: i64,
    /// Where something has come or gone since that was last told.
    changed: Vec<i64>,
    signals: Arc<Signals>,
}

#[derive(Debug)]
struct Edge {
    name: EdgeName,
    waiting: [u64; 2],
    processing: [u64; 2],
    catch_up: CatchUp,
    /// By lane: before then there is nothing to lease.
    not_before: [Moment; 2],
    /// Whether it is among those that have changed.
    has_changed: bool,
}

/// The purges that go before anything is fetched by an edge that was away.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CatchUp {
    /// Those of jobs up to this one,
    pub(super) to: i64,
    /// that were pressing then.
    pub(super) at: Moment,
    /// So many of them have not ended.
    pub(super) left: u64,
}

impl Edges {
    pub(super) fn load(db: &Connection, signals: Arc<Signals>) -> Result<Self, QueueError> {
        let mut edges = Self {
            by_id: BTreeMap::new(),
            ids: HashMap::new(),
            waiting: 0,
            dirty: BTreeSet::new(),
            turn: 0,
            changed: Vec::new(),
            signals,
        };
        let mut all = db.prepare("SELECT id, name, catch_up_to, catch_up_at, catch_up_left FROM edges")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get::<_, String>(1)?;
            let name: EdgeName =
                name.parse().map_err(|_| QueueError::Damaged(format!("an edge is called {name:?}")))?;
            let mut edge = Edge::new(name.clone());
            edge.catch_up = CatchUp { to: row.get(2)?, at: Moment(row.get(3)?), left: row.get(4)? };
            edges.ids.insert(name, row.get(0)?);
            edges.by_id.insert(row.get(0)?, edge);
        }
        let mut loads = db.prepare(
            "SELECT edge, action, sum(places.waiting), sum(places.processing)
             FROM jobs JOIN places ON places.job = jobs.seq WHERE ended IS NULL GROUP BY 1, 2",
        )?;
        let mut rows = loads.query([])?;
        while let Some(row) = rows.next()? {
            let action: Action = row.get::<_, String>(1)?.parse().unwrap_or(Action::Refresh);
            let lane = number(action.lane());
            if let Some(edge) = edges.by_id.get_mut(&row.get(0)?) {
                edge.waiting[lane] += row.get::<_, u64>(2)?;
                edge.processing[lane] += row.get::<_, u64>(3)?;
                edges.waiting += row.get::<_, u64>(2)?;
            }
        }
        edges.changed = edges.by_id.keys().copied().collect();
        Ok(edges)
    }

    pub(super) fn id(&self, name: &EdgeName) -> Option<i64> {
        self.ids.get(name).copied()
    }

    pub(super) fn name(&self, id: i64) -> Option<EdgeName> {
        self.by_id.get(&id).map(|edge| edge.name.clone())
    }

    /// The number of an edge, a new one if it was never heard of.
    pub(super) fn intern(&mut self, db: &Connection, name: &EdgeName) -> Result<i64, QueueError> {
        if let Some(id) = self.id(name) {
            return Ok(id);
        }
        db.prepare_cached("INSERT INTO edges (name) VALUES (?)")?.execute([name.as_str()])?;
        let id = db.last_insert_rowid();
        self.ids.insert(name.clone(), id);
        self.by_id.insert(id, Edge::new(name.clone()));
        Ok(id)
    }

    /// Notes that rows have come to be, have changed, or have ended.
    pub(super) fn count(&mut self, edge: i64, lane: Lane, from: Option<State>, to: Option<State>, rows: u64) {
        let Some(known) = self.by_id.get_mut(&edge) else { return };
        known.note_change(edge, &mut self.changed);
        let number = number(lane);
        for (state, is_gain) in [(from, false), (to, true)] {
            let count = match state.map(State::shown) {
                Some(RowState::Waiting) => &mut known.waiting[number],
                Some(RowState::Processing) => &mut known.processing[number],
                _ => continue,
            };
            change(count, is_gain, rows);
            if !is_gain {
                // Whoever keeps the number of rows in hand within a bound may go on.
                self.signals.stir();
            }
            if state.map(State::shown) == Some(RowState::Waiting) {
                change(&mut self.waiting, is_gain, rows);
            }
        }
    }

    /// Notes that one more purge goes before what is fetched, or one less.
    pub(super) fn count_catching_up(&mut self, edge: i64, is_gain: bool, rows: u64) {
        if let Some(known) = self.by_id.get_mut(&edge) {
            change(&mut known.catch_up.left, is_gain, rows);
            known.note_change(edge, &mut self.changed);
            self.dirty.insert(edge);
            if known.catch_up.left == 0 {
                self.poke(edge, Lane::Bulk, Moment::PAST);
            }
        }
    }

    /// From now on nothing is fetched by this edge until these have ended.
    pub(super) fn set_catch_up(&mut self, edge: i64, catch_up: CatchUp) {
        if let Some(known) = self.by_id.get_mut(&edge) {
            known.catch_up = catch_up;
            known.note_change(edge, &mut self.changed);
            self.dirty.insert(edge);
        }
    }

    pub(super) fn catch_up(&self, edge: i64) -> CatchUp {
        self.by_id.get(&edge).map_or_else(CatchUp::default, |edge| edge.catch_up)
    }

    pub(super) fn is_catching_up(&self, edge: i64) -> bool {
        self.catch_up(edge).left > 0
    }

    /// There is something to lease from `due` on.
    pub(super) fn poke(&mut self, edge: i64, lane: Lane, due: Moment) {
        if let Some(edge) = self.by_id.get_mut(&edge) {
            let not_before = &mut edge.not_before[number(lane)];
            *not_before = due.min(*not_before);
            self.signals.poke(&edge.name, lane, due);
        }
    }

    /// There is nothing to lease before `due`.
    pub(super) fn quiet(&mut self, name: &EdgeName, lane: Lane, due: Moment) {
        if let Some(edge) = self.id(name).and_then(|id| self.by_id.get_mut(&id)) {
            edge.not_before[number(lane)] = due;
        }
        self.signals.quiet(name, lane, due);
    }

    /// Where there may be something to lease, and how much until `most` are in hand there, or an even share of `most_of_all`. Edges take turns, at
    /// most `edges_max` at a time.
    pub(super) fn with_room(
        &mut self,
        now: Moment,
        most: [u64; 2],
        most_of_all: u64,
        edges_max: usize,
    ) -> Vec<(EdgeName, Lane, u64)> {
        let busy = self.by_id.values().filter(|edge| edge.waiting != [0; 2] || edge.processing != [0; 2]);
        let share = most_of_all / (busy.count() as u64).max(1);
        let most = most.map(|most| most.min(share.max(SHARE_MIN)));
        let room = |edge: &Edge, lane: Lane| {
            let at = number(lane);
            let room = most[at].saturating_sub(edge.processing[at]);
            let may_be = edge.waiting[at] > 0 && edge.not_before[at] <= now && room > 0;
            may_be.then(|| (edge.name.clone(), lane, room))
        };
        let after = (Bound::Excluded(self.turn), Bound::Unbounded);
        let round = self.by_id.range(after).chain(self.by_id.range(..=self.turn));
        let found = round
            .map(|(id, edge)| (*id, Lane::ALL.map(|lane| room(edge, lane))))
            .filter(|(_, lanes)| lanes.iter().any(Option::is_some));
        let (mut places, mut turn) = (Vec::new(), self.turn);
        for (id, lanes) in found.take(edges_max) {
            places.extend(lanes.into_iter().flatten());
            turn = id;
        }
        self.turn = turn;
        places
    }

    /// What waits where something has changed since this was last asked.
    pub(super) fn changes(&mut self) -> impl Iterator<Item = EdgeLoad> {
        let by_id = &mut self.by_id;
        self.changed.drain(..).filter_map(|id| {
            let edge = by_id.get_mut(&id)?;
            edge.has_changed = false;
            Some(EdgeLoad {
                edge: edge.name.clone(),
                waiting: edge.waiting,
                processing: edge.processing,
                catching_up: edge.catch_up.left,
            })
        })
    }

    /// Writes down what is not yet.
    pub(super) fn flush(&mut self, db: &Connection) -> Result<(), QueueError> {
        while let Some(id) = self.dirty.pop_first() {
            let Some(edge) = self.by_id.get(&id) else { continue };
            let CatchUp { to, at, left } = edge.catch_up;
            db.prepare_cached(
                "UPDATE edges SET catch_up_to = ?2, catch_up_at = ?3, catch_up_left = ?4 WHERE id = ?1",
            )?
            .execute(params![id, to, at.0, left])?;
        }
        Ok(())
    }
}

impl Edge {
    fn new(name: EdgeName) -> Self {
        Self {
            name,
            waiting: [0; 2],
            processing: [0; 2],
            catch_up: CatchUp::default(),
            not_before: [Moment::PAST; 2],
            has_changed: false,
        }
    }

    fn note_change(&mut self, id: i64, changed: &mut Vec<i64>) {
        if !std::mem::replace(&mut self.has_changed, true) {
            changed.push(id);
        }
    }
}

const fn change(count: &mut u64, is_gain: bool, by: u64) {
    *count = if is_gain { count.saturating_add(by) } else { count.saturating_sub(by) };
}
