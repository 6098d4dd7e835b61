//! The queue as one would write it down to explain it: a list of rows, and every rule a loop over all of them.

use std::collections::BTreeMap;

use forebay_agent::queue::{Moment, RowState};
use forebay_agent::{Action, Lane};

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) jobs: Vec<ModelJob>,
    pub(crate) rows: Vec<ModelRow>,
    /// By edge: the newest job, and when it was told to catch up.
    catching_up: BTreeMap<usize, (usize, Moment)>,
    tokens: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelJob {
    pub(crate) action: Action,
    pub(crate) priority: u8,
    pub(crate) options: u8,
    pub(crate) at: Option<Moment>,
    pub(crate) is_cancelled: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelRow {
    pub(crate) job: usize,
    pub(crate) url: u8,
    pub(crate) edge: usize,
    pub(crate) tier: u8,
    pub(crate) state: RowState,
    pub(crate) due: Moment,
    pub(crate) attempts: u32,
    /// Waits for lower tiers.
    is_held: bool,
    /// Of its last lease, and when that ends.
    token: Option<usize>,
    until: Moment,
}

/// What a worker would get: the row, and how many end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModelLease {
    pub(crate) row: usize,
    pub(crate) token: usize,
    pub(crate) rows: u32,
}

impl ModelRow {
    fn is_live(&self) -> bool {
        matches!(self.state, RowState::Waiting | RowState::Processing)
    }
}

impl Model {
    pub(crate) fn new() -> Self {
        Self { jobs: Vec::new(), rows: Vec::new(), catching_up: BTreeMap::new(), tokens: 0 }
    }

    /// `edges` by tier.
    pub(crate) fn submit(&mut self, job: ModelJob, urls: &[u8], edges: &[(usize, u8)], now: Moment) {
        let due = job.at.unwrap_or(now).max(now);
        let lowest = edges.iter().map(|(_, tier)| *tier).min().unwrap();
        self.jobs.push(job);
        for url in urls {
            for (edge, tier) in edges {
                self.rows.push(ModelRow {
                    job: self.jobs.len() - 1,
                    url: *url,
                    edge: *edge,
                    tier: *tier,
                    state: RowState::Waiting,
                    due,
                    attempts: 0,
                    is_held: *tier > lowest,
                    token: None,
                    until: now,
                });
            }
        }
    }

    fn lane(&self, row: usize) -> Lane {
        self.jobs[self.rows[row].job].action.lane()
    }

    fn is_pressing(&self, row: usize, now: Moment) -> bool {
        self.jobs[self.rows[row].job].at.is_none_or(|at| at <= now)
    }

    pub(crate) fn lease(
        &mut self,
        edge: usize,
        lane: Lane,
        most: usize,
        now: Moment,
        until: Moment,
    ) -> Vec<ModelLease> {
        if lane == Lane::Bulk && self.is_catching_up(edge) {
            return Vec::new();
        }
        let mut order: Vec<usize> = (0..self.rows.len()).filter(|row| self.rows[*row].edge == edge).collect();
        // The sort is stable: by age last.
        order.sort_by_key(|row| {
            (9 - self.jobs[self.rows[*row].job].priority, self.rows[*row].due, self.rows[*row].job)
        });
        let mut leased = Vec::new();
        for row in order {
            if leased.len() < most
                && self.lane(row) == lane
                && self.is_due(row, now)
                && self.is_free(row, now)
            {
                let group = self.group_with(row, now);
                self.tokens += 1;
                for member in &group {
                    let member = &mut self.rows[*member];
                    member.state = RowState::Processing;
                    member.attempts += 1;
                    member.token = Some(self.tokens);
                    member.until = until;
                }
                leased.push(ModelLease { row, token: self.tokens, rows: group.len() as u32 });
            }
        }
        leased
    }

    fn is_due(&self, row: usize, now: Moment) -> bool {
        let row = &self.rows[row];
        row.state == RowState::Waiting && !row.is_held && row.due <= now
    }

    /// The other rows of its URL on its edge that have not ended.
    fn siblings(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        let (url, edge) = (self.rows[row].url, self.rows[row].edge);
        (0..self.rows.len()).filter(move |other| {
            let other_row = &self.rows[*other];
            *other != row && other_row.url == url && other_row.edge == edge && other_row.is_live()
        })
    }

    fn is_behind_a_purge(&self, row: usize, of: usize, now: Moment) -> bool {
        self.lane(row) == Lane::Bulk
            && self.siblings(of).any(|other| {
                self.lane(other) == Lane::Control
                    && self.rows[other].job < self.rows[row].job
                    && self.is_pressing(other, now)
            })
    }

    fn is_free(&self, row: usize, now: Moment) -> bool {
        !self.siblings(row).any(|other| self.rows[other].state == RowState::Processing)
            && !self.is_behind_a_purge(row, row, now)
    }

    /// It, and all that come along.
    fn group_with(&self, row: usize, now: Moment) -> Vec<usize> {
        let job = &self.jobs[self.rows[row].job];
        let is_same = |other: &usize| {
            let theirs = &self.jobs[self.rows[*other].job];
            theirs.action == job.action && theirs.options == job.options
        };
        let along = self.siblings(row).filter(|other| {
            self.is_due(*other, now) && is_same(other) && !self.is_behind_a_purge(*other, row, now)
        });
        [row].into_iter().chain(along).collect()
    }

    /// The rows of a lease that is still held.
    fn group(&self, lease: ModelLease) -> Vec<usize> {
        if self.rows[lease.row].token != Some(lease.token) || !self.rows[lease.row].is_live() {
            return Vec::new();
        }
        let is_member = |row: &usize| self.rows[*row].token == Some(lease.token) && self.rows[*row].is_live();
        (0..self.rows.len()).filter(is_member).collect()
    }

    pub(crate) fn settle(&mut self, lease: ModelLease, is_success: bool) {
        for row in self.group(lease) {
            let (job, url, tier) = (self.rows[row].job, self.rows[row].url, self.rows[row].tier);
            self.rows[row].state = if is_success { RowState::Succeeded } else { RowState::Failed };
            for other in 0..self.rows.len() {
                let is_child = (self.rows[other].job, self.rows[other].url) == (job, url)
                    && self.rows[other].tier > tier
                    && self.rows[other].is_held
                    && self.rows[other].state == RowState::Waiting;
                if is_child && is_success {
                    self.rows[other].is_held = !self.parents_have_succeeded(other);
                } else if is_child {
                    self.rows[other].state = RowState::Failed;
                }
            }
        }
    }

    fn parents_have_succeeded(&self, row: usize) -> bool {
        let row = &self.rows[row];
        self.rows
            .iter()
            .filter(|other| (other.job, other.url) == (row.job, row.url) && other.tier < row.tier)
            .all(|parent| parent.state == RowState::Succeeded)
    }

    pub(crate) fn give_back(&mut self, lease: ModelLease, due: Moment, was_tried: bool) {
        for row in self.group(lease) {
            self.rows[row].attempts -= u32::from(!was_tried);
            self.rows[row].token = None;
            self.put_back(row, due);
        }
    }

    fn put_back(&mut self, row: usize, due: Moment) {
        let is_cancelled = self.jobs[self.rows[row].job].is_cancelled;
        self.rows[row].state = if is_cancelled { RowState::Cancelled } else { RowState::Waiting };
        self.rows[row].due = due;
    }

    /// Which of them are held no more.
    pub(crate) fn extend(&mut self, lease: ModelLease, until: Moment) -> bool {
        let is_held = self.rows[lease.row].state == RowState::Processing
            && self.rows[lease.row].token == Some(lease.token);
        if is_held {
            for row in self.group(lease) {
                self.rows[row].until = until;
            }
        }
        is_held
    }

    /// Time has passed, or the process has ended.
    pub(crate) fn end_leases(&mut self, now: Moment, all: bool) {
        for row in 0..self.rows.len() {
            if self.rows[row].state == RowState::Processing && (all || self.rows[row].until <= now) {
                self.put_back(row, now);
            }
        }
    }

    pub(crate) fn cancel(&mut self, job: usize) {
        if self.rows.iter().any(|row| row.job == job && row.is_live()) {
            self.jobs[job].is_cancelled = true;
            for row in self.rows.iter_mut().filter(|row| row.job == job) {
                if row.state == RowState::Waiting {
                    row.state = RowState::Cancelled;
                }
            }
        }
    }

    pub(crate) fn retry(&mut self, job: usize, now: Moment) {
        for row in 0..self.rows.len() {
            if self.rows[row].job == job && self.rows[row].state == RowState::Failed {
                self.rows[row].is_held = !self.parents_have_succeeded(row);
                let row = &mut self.rows[row];
                (row.state, row.attempts, row.due, row.token) = (RowState::Waiting, 0, now, None);
            }
        }
    }

    pub(crate) fn catch_up(&mut self, edge: usize, now: Moment) {
        self.catching_up.insert(edge, (self.jobs.len(), now));
    }

    fn is_catching_up(&self, edge: usize) -> bool {
        let Some((newest, at)) = self.catching_up.get(&edge) else { return false };
        (0..self.rows.len()).any(|row| {
            self.rows[row].edge == edge
                && self.rows[row].job < *newest
                && self.rows[row].is_live()
                && self.lane(row) == Lane::Control
                && self.is_pressing(row, *at)
        })
    }
}
