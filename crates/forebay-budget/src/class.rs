//! What memory is taken for.
//!
//! A class is a line of the plan with a capacity of its own: a flood of one kind of work meets its own limit
//! and leaves the others' memory alone. Whether its users wait, are refused or do without when it is full is
//! decided here, once.

use std::fmt;

use serde::{Serialize, Serializer};

/// A purpose that memory is leased for. Each has its own capacity and its own queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What an open connection costs before it does anything: user memory and kernel socket buffers.
    Connections,
    /// Socket buffers beyond the small ones that a connection starts with.
    SocketBuffers,
    /// What TLS adds to a connection: session state and record buffers.
    Tls,
    /// What HTTP/2 adds to a connection: streams, windows and send buffers. Without it a TLS connection is offered
    /// HTTP/1.1 only.
    Http2,
    /// File bytes on their way to a socket that cannot take them by `sendfile`.
    Reads,
    /// Windows and output of compressors.
    Compression,
    /// Connections that we opened: to a bucket, to an origin. User memory and kernel socket buffers.
    Upstreams,
    /// Parts of objects that have to be held: on their way to an ordered reader, or until a store has them.
    Windows,
    /// Bytes of uploads that wait for the disk, so that they are written in large pieces. Without it each goes there as it comes.
    Arrivals,
    /// Directory listings being made.
    Listings,
    /// Archives being streamed.
    Archives,
    /// Prefixes of bodies kept for the access log.
    Captures,
    /// Heads of requests under way that are longer than their connection pays for, for the log.
    LogHeads,
    /// Log records that are not yet written.
    LogQueue,
    /// Whole small files on their way out, and what was lately opened. Without it a small file goes out like a large one.
    SmallFiles,
    /// What limits remember of each client. Standing: the tables are made, and paid for, at the start.
    Clients,
    /// Passwords being verified: their hashes are made to take memory.
    Passwords,
    /// Buffers that are not in use and kept for the next user.
    IdleBuffers,
    /// The administration listener: metrics, profiles, lists of transfers.
    Admin,
    /// The program itself: code that was written to, threads, allocator, tables.
    Runtime,
}

/// What becomes of the work when its class is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenFull {
    /// It waits its turn for a short time and is then refused.
    Wait,
    /// It is refused at once.
    Refuse,
    /// It goes on without what it asked for.
    Degrade,
}

impl Class {
    /// Every class, in the order of the plan.
    pub const ALL: [Self; 20] = [
        Self::Connections,
        Self::SocketBuffers,
        Self::Tls,
        Self::Http2,
        Self::Reads,
        Self::Compression,
        Self::Upstreams,
        Self::Windows,
        Self::Arrivals,
        Self::Listings,
        Self::Archives,
        Self::Captures,
        Self::LogHeads,
        Self::LogQueue,
        Self::SmallFiles,
        Self::Clients,
        Self::Passwords,
        Self::IdleBuffers,
        Self::Admin,
        Self::Runtime,
    ];

    /// The name in metrics, in JSON and in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::SocketBuffers => "socket_buffers",
            Self::Tls => "tls",
            Self::Http2 => "http2",
            Self::Reads => "reads",
            Self::Compression => "compression",
            Self::Upstreams => "upstreams",
            Self::Windows => "windows",
            Self::Arrivals => "arrivals",
            Self::Listings => "listings",
            Self::Archives => "archives",
            Self::Captures => "captures",
            Self::LogHeads => "log_heads",
            Self::LogQueue => "log_queue",
            Self::SmallFiles => "small_files",
            Self::Clients => "clients",
            Self::Passwords => "passwords",
            Self::IdleBuffers => "idle_buffers",
            Self::Admin => "admin",
            Self::Runtime => "runtime",
        }
    }

    /// What becomes of the work when the class is full.
    pub const fn when_full(self) -> WhenFull {
        match self {
            Self::Connections
            | Self::Tls
            | Self::Reads
            | Self::Upstreams
            | Self::Windows
            | Self::Listings
            | Self::Archives
            | Self::Passwords => WhenFull::Wait,
            Self::Admin | Self::Runtime => WhenFull::Refuse,
            Self::SocketBuffers
            | Self::Http2
            | Self::Compression
            | Self::Arrivals
            | Self::Captures
            | Self::LogHeads
            | Self::LogQueue
            | Self::SmallFiles
            | Self::Clients
            | Self::IdleBuffers => WhenFull::Degrade,
        }
    }

    /// Whether what is held in this class outlives the work that it served, so that a quiet process still
    /// holds some of it.
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Clients | Self::IdleBuffers | Self::Runtime)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl WhenFull {
    /// The word in the plan.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Refuse => "refuse",
            Self::Degrade => "degrade",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for WhenFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Serialize for WhenFull {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Class;

    #[test]
    fn every_class_has_its_own_place_and_name() {
        let names: HashSet<_> = Class::ALL.iter().map(|class| class.name()).collect();
        assert_eq!(names.len(), Class::ALL.len());
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class.index(), place);
        }
    }
}
