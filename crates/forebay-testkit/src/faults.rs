//! Rounds of faults against a running server: clients that leave in the middle, heads that break off, files
//! that are cut or replaced while they are sent; beside them pipelines, listings, archives and compressed answers, some of
//! them left half read. What a round does follows from its seed.
//!
//! Two things must hold whatever happens: no byte that a client receives is a wrong one, and a body that is not
//! whole does not look whole. The caller then asks the server's own ledger whether everything came back.
//!
//! One exception is the kernel's: pages that `sendfile` has queued are those of the file. Who cuts a file short
//! zeroes them in place, so bytes *behind the cut* that were under way may arrive as zeros. (Who replaces a
//! file by renaming, as one should, changes nothing for those who read the old one.)

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fetch::{self, Fetched};
use crate::pattern::{Mismatch, Pattern};
use crate::readers::connect;
use crate::response::{Asked, End, ResponseReader};

/// Files that stay as they are, and those that do not.
#[derive(Debug)]
pub struct Site {
    root: PathBuf,
}

/// What one client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Whole,
    Range,
    LeaveInBody,
    LeaveInHead,
    CutFile,
    ReplaceFile,
    Pipeline,
    Listing,
    LeaveInArchive,
    LeaveInCompressed,
}

impl Act {
    const ALL: [Self; 10] = [
        Self::Whole,
        Self::Range,
        Self::LeaveInBody,
        Self::LeaveInHead,
        Self::CutFile,
        Self::ReplaceFile,
        Self::Pipeline,
        Self::Listing,
        Self::LeaveInArchive,
        Self::LeaveInCompressed,
    ];
}

/// Clients at once in a round.
const CLIENTS: u64 = 24;
/// Length of every file, in bytes.
const FILE: u64 = 3 << 20;
/// The seed of the files that do not change.
const STEADY: Pattern = Pattern::new(0xf0);

impl Site {
    /// Writes the steady files into `root`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(root: &Path) -> io::Result<Self> {
        STEADY.write_file(&root.join("steady.bin"), FILE)?;
        fs::write(root.join("steady.txt"), "a line of a text that compresses well\n".repeat(40_000))?;
        Ok(Self { root: root.to_owned() })
    }

    /// One round of clients at once.
    ///
    /// # Errors
    /// What a client saw that must not be, with the seed that repeats it.
    pub async fn round(&self, addr: SocketAddr, seed: u64) -> Result<(), String> {
        let dice = Pattern::new(seed);
        let clients = (0..CLIENTS).map(|client| {
            let mut throw = [0; 8];
            dice.fill(client * 8, &mut throw);
            self.client(addr, seed, client, u64::from_le_bytes(throw))
        });
        let failed: Vec<String> = join_all(clients).await.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() { Ok(()) } else { Err(format!("seed {seed}: {}", failed.join("; "))) }
    }

    async fn client(&self, addr: SocketAddr, seed: u64, number: u64, throw: u64) -> Result<(), String> {
        let act = Act::ALL[usize::try_from(throw).unwrap_or(0) % Act::ALL.len()];
        let at = (throw >> 8) % FILE;
        let result = match act {
            Act::Whole => whole(addr).await,
            Act::Range => range(addr, at).await,
            Act::LeaveInBody => leave_in_body(addr, at).await,
            Act::LeaveInHead => leave_in_head(addr, at).await,
            Act::CutFile | Act::ReplaceFile => self.changed(addr, (seed, number), act, at).await,
            Act::Pipeline => pipeline(addr, at).await,
            Act::Listing => listing(addr).await,
            // What changes meanwhile may end an archive early; what it may not is not judged here.
            Act::LeaveInArchive => leave(addr, "/?archive=tar", "", at).await,
            Act::LeaveInCompressed => {
                leave(addr, "/steady.txt", "Accept-Encoding: gzip\r\n", at % 4096).await
            }
        };
        result.map_err(|why| format!("client {number} ({act:?} at {at}): {why}"))
    }

    /// A file that is cut or replaced when the client has seen `at` bytes of it.
    async fn changed(
        &self,
        addr: SocketAddr,
        (seed, number): (u64, u64),
        act: Act,
        at: u64,
    ) -> Result<(), String> {
        // A name of its own: an answer, "there is none" among them, may be a second old.
        let name = format!("changing-{seed}-{number}.bin");
        let path = self.root.join(&name);
        let old = Pattern::new(number + 1);
        old.write_file(&path, FILE).map_err(words)?;
        let mut done = false;
        let change = || match act {
            Act::CutFile => fs::OpenOptions::new().write(true).open(&path).and_then(|f| f.set_len(at / 2)),
            _ => {
                let other = self.root.join(format!("{name}.new"));
                Pattern::new(!number).write_file(&other, FILE).and_then(|()| fs::rename(other, &path))
            }
        };
        let (got, wrong) = watched(addr, &format!("/{name}"), "", (old, 0), |seen| {
            if seen > at && !done {
                done = change().is_ok();
            }
            ControlFlow::Continue(())
        })
        .await?;
        let _ = fs::remove_file(&path);
        let zeroed = |wrong: &Mismatch| act == Act::CutFile && wrong.offset >= at / 2 && wrong.found == 0;
        match (got.head.status, got.end, got.bytes, wrong) {
            (200, _, _, Some(wrong)) if !zeroed(&wrong) => Err(format!("wrong byte {wrong:?}")),
            (200, End::Complete, FILE, _) | (200, End::Short, _, _) => Ok(()),
            other => Err(format!("status, end and length {other:?}")),
        }
    }
}

async fn whole(addr: SocketAddr) -> Result<(), String> {
    let got = checked(addr, "/steady.bin", "", (STEADY, 0), |_| ControlFlow::Continue(())).await?;
    expect(&got, 200, FILE)
}

async fn range(addr: SocketAddr, at: u64) -> Result<(), String> {
    let fields = format!("Range: bytes={at}-{}\r\n", at + 99_999);
    let got = checked(addr, "/steady.bin", &fields, (STEADY, at), |_| ControlFlow::Continue(())).await?;
    expect(&got, 206, 100_000.min(FILE - at))
}

async fn leave_in_body(addr: SocketAddr, at: u64) -> Result<(), String> {
    let leave = |seen| if seen > at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    checked(addr, "/steady.bin", "", (STEADY, 0), leave).await.map(drop)
}

async fn leave_in_head(addr: SocketAddr, at: u64) -> Result<(), String> {
    let head = b"GET /steady.bin HTTP/1.1\r\nHost: localhost\r\nX-Unfinished: yes";
    let part = 1 + usize::try_from(at).unwrap_or(0) % (head.len() - 1);
    let mut stream = connect(addr, 0, 4 << 10).await.map_err(words)?;
    stream.write_all(&head[..part]).await.map_err(words)
}

/// Three requests in one write; each answer has its own bytes.
async fn pipeline(addr: SocketAddr, at: u64) -> Result<(), String> {
    let spans = [(at, 50_000.min(FILE - at)), (0, FILE), (FILE - 1, 1)];
    let mut requests = String::new();
    for (first, len) in spans {
        requests += &format!(
            "GET /steady.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes={first}-{}\r\n\r\n",
            first + len - 1
        );
    }
    let mut stream = connect(addr, 0, 256 << 10).await.map_err(words)?;
    stream.write_all(requests.as_bytes()).await.map_err(words)?;
    let mut pending: Vec<u8> = Vec::new();
    for (first, len) in spans {
        let (mut reader, mut seen, mut wrong) = (ResponseReader::new(Asked::Other), 0, None);
        while !reader.is_complete() {
            let taken = reader.feed(&pending, |bytes| {
                wrong = wrong.or_else(|| STEADY.check(first + seen, bytes).err());
                seen += bytes.len() as u64;
            });
            pending.drain(..taken.map_err(|error| error.to_string())?);
            if !reader.is_complete() && stream.read_buf(&mut pending).await.map_err(words)? == 0 {
                return Err(format!("the pipeline ended at {seen} of {len} bytes from {first}"));
            }
        }
        let status = reader.head().map(|head| head.status);
        if (status, seen, wrong) != (Some(206), len, None) {
            return Err(format!("{status:?} with {seen} of {len} bytes from {first}, {wrong:?}"));
        }
    }
    Ok(())
}

/// A listing, whatever it lists at this moment.
async fn listing(addr: SocketAddr) -> Result<(), String> {
    let got = fetch::get(addr, "/?format=json", "").await.map_err(words)?;
    expect(&got, 200, got.bytes)
}

/// An answer of which somebody reads a part.
async fn leave(addr: SocketAddr, target: &str, fields: &str, at: u64) -> Result<(), String> {
    let mut seen = 0;
    let look = |bytes: &[u8]| {
        seen += bytes.len() as u64;
        if seen > at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let got = fetch::watched(addr, target, fields, look).await.map_err(words)?;
    if got.head.status == 200 { Ok(()) } else { Err(format!("{} for {target}", got.head.status)) }
}

/// A download of which every byte is right.
async fn checked(
    addr: SocketAddr,
    target: &str,
    fields: &str,
    place: (Pattern, u64),
    look: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Fetched, String> {
    match watched(addr, target, fields, place, look).await? {
        (got, Some(wrong)) if got.head.status < 300 => Err(format!("wrong byte {wrong:?}")),
        (got, _) => Ok(got),
    }
}

/// A download of which every byte is compared with what belongs there; with the first that is wrong.
async fn watched(
    addr: SocketAddr,
    target: &str,
    fields: &str,
    (pattern, from): (Pattern, u64),
    mut look: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(Fetched, Option<Mismatch>), String> {
    let (mut seen, mut wrong) = (0, None);
    let got = fetch::watched(addr, target, fields, |bytes| {
        wrong = wrong.or_else(|| pattern.check(from + seen, bytes).err());
        seen += bytes.len() as u64;
        look(seen)
    })
    .await
    .map_err(words)?;
    Ok((got, wrong))
}

fn expect(got: &Fetched, status: u16, bytes: u64) -> Result<(), String> {
    if (got.head.status, got.end, got.bytes) == (status, End::Complete, bytes) {
        Ok(())
    } else {
        Err(format!("{} {:?} with {} bytes", got.head.status, got.end, got.bytes))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn words(error: io::Error) -> String {
    error.to_string()
}
