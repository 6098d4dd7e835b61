//! The plan of a transfer: no clients, a few dozen connections of our own, and windows only where order is wanted.
//!
//! Bytes that go from a socket to their place in a file are held by nobody, so all that is not the program's makes
//! connections. A reader that wants bytes in order, and a store that may want a part twice, need windows: half of it.

use serde::Serialize;

use super::{Line, MemoryFacts, PlanError, UpstreamSizes};
use crate::{class::Class, fds::NofileLimits, ledger::Ledger, size::ByteSize};

/// The program itself: code that was written to, threads, certificates, the allocator. Measured at 9 MiB with S3 over TLS.
const PROGRAM: ByteSize = ByteSize::mib(12);

/// Connections at once, if nobody says and the memory allows it.
const CONNECTIONS_USUAL: u32 = 64;

/// What a connection should have before there is another one.
const EACH_USUAL: ByteSize = ByteSize::kib(512);

/// A part of an upload cannot be smaller (S3), and one is filled while another is sent.
const WINDOWS_MIN: ByteSize = ByteSize::mib(10);

/// Descriptors beside the sockets: files, journals, the runtime.
const FDS_BESIDE: u64 = 64;

/// A socket, the pipe beside it that moves its bytes, and the file that they go to.
const FDS_EACH: u64 = 4;

/// What a transfer asks of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferAsk {
    /// All memory, user and kernel. Default: the smaller of 256 MiB and half of what there is.
    pub memory: Option<ByteSize>,
    /// How many connections at once.
    pub concurrency: Option<u32>,
    /// Whether any of them may be encrypted.
    pub tls: bool,
    /// What is done with the bytes.
    pub work: Work,
}

/// What is done with the bytes, and so whether any must be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// They go to, or come from, their places in a file.
    Placed,
    /// They are wanted in order, or cannot be read twice: a pipe, another store.
    Ordered,
}

/// Every line of memory of a transfer, and the numbers that follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransferPlan {
    /// The lines, in the order of [`Class::ALL`].
    pub lines: Vec<Line>,
    /// The sum of the lines; at most `limit`.
    pub total: ByteSize,
    /// What may be used: `--memory`, or its default.
    pub limit: ByteSize,
    /// How many connections may be open at once.
    pub connections: u32,
    /// The sizes that each is set to.
    pub upstream: UpstreamSizes,
    /// The descriptors that the ledger hands out.
    pub fds: u64,
}

impl TransferPlan {
    /// A plan of so much memory for a program that moves objects, with the limits that this machine and this process have now.
    ///
    /// # Errors
    ///
    /// As [`compute`](Self::compute), which is for those who know more.
    pub fn within(memory: ByteSize, work: Work) -> Result<Self, PlanError> {
        let ask = TransferAsk { memory: Some(memory), concurrency: None, tls: true, work };
        Self::compute(&ask, &MemoryFacts::detect(), NofileLimits::now())
    }

    /// Makes the plan for what is asked and what there is.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if it does not fit; its text names the setting to change and the value to change it to.
    pub fn compute(ask: &TransferAsk, memory: &MemoryFacts, nofile: NofileLimits) -> Result<Self, PlanError> {
        let limit = memory.allow(ask.memory)?;
        let least = UpstreamSizes::least(ask.tls).cost();
        let asked = ask.concurrency.map(|count| count.max(1));
        let needed = needed(ask.work, least, asked.unwrap_or(1));
        if limit < needed {
            return Err(PlanError::Transfer { memory: limit, connections: asked.unwrap_or(1), needed });
        }
        let rest = limit.saturating_sub(PROGRAM);
        let windows = match ask.work {
            Work::Placed => ByteSize::ZERO,
            Work::Ordered => ByteSize::b(rest.as_u64() / 2).max(WINDOWS_MIN),
        };
        let sockets = rest.saturating_sub(windows);
        let connections = asked.unwrap_or_else(|| {
            let at_ease = sockets.as_u64() / EACH_USUAL.as_u64();
            u32::try_from(at_ease).unwrap_or(u32::MAX).clamp(1, CONNECTIONS_USUAL)
        });
        let fds = descriptors(connections, nofile.soft)?;
        let each = ByteSize::b(sockets.as_u64() / u64::from(connections));
        let upstream = UpstreamSizes::within(each, ask.tls);
        let mut lines = vec![
            Line::new(
                "connections of our own",
                Class::Upstreams,
                "net::client",
                connections.into(),
                upstream.cost(),
            ),
            Line::new("program, threads and allocator", Class::Runtime, "runtime", 1, PROGRAM),
        ];
        if windows > ByteSize::ZERO {
            lines.insert(1, Line::new("parts that are held", Class::Windows, "transfer", 1, windows));
        }
        let total = lines.iter().map(|line| line.total).sum();
        Ok(Self { lines, total, limit, connections, upstream, fds })
    }

    /// The ledger that the plan describes.
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.lines.iter().map(|line| (line.class, line.total)))
    }

    /// What the plan gives to one class.
    pub fn capacity(&self, class: Class) -> ByteSize {
        self.lines.iter().filter(|line| line.class == class).map(|line| line.total).sum()
    }
}

/// The least memory for so many connections, in whole MiB.
fn needed(work: Work, least: ByteSize, connections: u32) -> ByteSize {
    let sockets = least.times(connections.into());
    let windows = match work {
        Work::Placed => ByteSize::ZERO,
        Work::Ordered => sockets.max(WINDOWS_MIN),
    };
    (PROGRAM + sockets + windows).round_up(ByteSize::mib(1))
}

fn descriptors(connections: u32, limit: u64) -> Result<u64, PlanError> {
    let leased = u64::from(connections) * FDS_EACH;
    if leased + FDS_BESIDE <= limit {
        return Ok(leased + FDS_BESIDE / 2);
    }
    let fits = limit.saturating_sub(FDS_BESIDE) / FDS_EACH;
    Err(PlanError::TransferDescriptors {
        asked: connections,
        fits: u32::try_from(fits).unwrap_or(u32::MAX),
        soft: limit,
        needed: leased + FDS_BESIDE,
    })
}
