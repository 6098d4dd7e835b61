//! What an agent has beside the work itself: its queue, those who submit and ask, operators, and rows that wait in memory for their turn.

use serde::Serialize;

use super::{Limits, Line, Sizes};
use crate::{class::Class, size::ByteSize};

/// Answers to operators, apart from what they say of edges.
const ANSWERS: ByteSize = ByteSize::mib(2);

/// What the metrics say of one edge, and how many scrapes there may be at a time.
const EDGE_METRICS: ByteSize = ByteSize::kib(6);
const SCRAPES: u64 = 2;

/// Log records that are not yet written.
const LOG: ByteSize = ByteSize::kib(512);

/// A row that is leased and waits for its turn, with its URL. Most URLs have less than 200 letters.
const ROW: ByteSize = ByteSize::b(512);

/// Rows of an edge that wait for their turn: a commit takes as long as hundreds of purges, and an object that was leased keeps a more pressing one behind it.
const AHEAD_MAX: u32 = 256;
const AHEAD_BULK_MAX: u32 = 8;
const AHEAD_MIN: u32 = 2;

/// Pages of the queue's file that its writer keeps in memory: a sixteenth of all, between these. Each reader keeps an eighth of that.
const PAGES_MIN: ByteSize = ByteSize::mib(2);
const PAGES_MAX: ByteSize = ByteSize::mib(8);
const READERS: u64 = 2;

/// Threads of the queue, statements that stay compiled, and who is told of its jobs.
const QUEUE: ByteSize = ByteSize::mib(3);

/// A list that is being taken in: the URLs that have come, and those that are on their way to the disk.
const SUBMISSION: ByteSize = ByteSize::kib(512);
const SUBMISSIONS_MAX: u64 = 8;

/// The numbers that follow from the lines of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ServicePlan {
    /// What a connection of theirs costs.
    pub connection: ByteSize,
    /// Answers to operators.
    pub answers: ByteSize,
    /// Log records that are not yet written.
    pub log: ByteSize,
    /// Pages of the queue's file in memory, for its writer; a reader has an eighth of it.
    pub pages: ByteSize,
    /// Lists that are taken in at once.
    pub submissions: u32,
    /// Short requests that are leased for each edge before there is room for them.
    pub ahead_control: u32,
    /// Objects likewise.
    pub ahead_bulk: u32,
}

impl ServicePlan {
    /// Connections of those who submit and ask.
    pub const SUBMITTERS: u32 = 32;
    /// Connections of operators.
    pub const OPERATORS: u32 = 8;

    /// For so many edges. A thirty-second part of the memory is for rows that wait.
    pub(super) fn new(limit: ByteSize, edges: u32) -> Self {
        let each = limit.as_u64() / 32 / ROW.as_u64() / u64::from(edges);
        let ahead = u32::try_from(each).unwrap_or(u32::MAX).clamp(AHEAD_MIN, AHEAD_MAX);
        let pages = ByteSize::b((limit.as_u64() / 16) & !0xfffff).clamp(PAGES_MIN, PAGES_MAX);
        let submissions = (limit.as_u64() / 32 / SUBMISSION.as_u64()).clamp(1, SUBMISSIONS_MAX);
        Self {
            connection: Sizes::new(&Limits::default(), limit).connection,
            answers: ANSWERS + EDGE_METRICS.times(SCRAPES * u64::from(edges)),
            log: LOG,
            pages,
            submissions: u32::try_from(submissions).unwrap_or(1),
            ahead_control: ahead,
            ahead_bulk: ahead.min(AHEAD_BULK_MAX),
        }
    }

    pub(super) fn lines(&self, edges: u32) -> [Line; 9] {
        let line = |name, class, holder, count: u64, each| Line::new(name, class, holder, count, each);
        let (edges, ahead) = (u64::from(edges), u64::from(self.ahead_control + self.ahead_bulk));
        [
            line(
                "connections of submitters",
                Class::Connections,
                "net",
                Self::SUBMITTERS.into(),
                self.connection,
            ),
            line(
                "connections of operators",
                Class::Connections,
                "net",
                Self::OPERATORS.into(),
                self.connection,
            ),
            line("log records not yet written", Class::LogQueue, "tower::access_log", 1, self.log),
            line("metrics, profiles and lists", Class::Admin, "admin", 1, ANSWERS),
            line("metrics of edges", Class::Admin, "admin", edges * SCRAPES, EDGE_METRICS),
            line(
                "pages of the queue",
                Class::Runtime,
                "agent",
                READERS + 8,
                ByteSize::b(self.pages.as_u64() / 8),
            ),
            line("the queue beside its pages", Class::Runtime, "agent", 1, QUEUE),
            line("lists that are taken in", Class::Runtime, "agent", self.submissions.into(), SUBMISSION),
            line("rows that wait for their turn", Class::Runtime, "agent", edges * ahead, ROW),
        ]
    }
}
