//! A server as a process of its own: the only way to count its memory alone.
//!
//! It is started on port 0, says on one line where it listens, and is stopped by its process id.
//! Whatever it prints is drained into a bounded tail: a test must not be able to block the server
//! by not reading its log, and a failing test can show the last of it.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tokio::time::Instant;

use crate::family::Family;
use crate::figures::{self, Figures};

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it serves.
    pub addr: SocketAddr,
    /// Where its admin listener is, if it named one.
    pub admin: Option<SocketAddr>,
    /// From `exec` to the ready line.
    pub ready_after: Duration,
    tail: Arc<Mutex<VecDeque<String>>>,
    /// Ends when both streams have been read to their end.
    lines: Mutex<Receiver<String>>,
}

/// How long a debug build on a busy machine may take to start.
const START: Duration = Duration::from_secs(30);
/// Lines kept of what the server printed.
const TAIL: usize = 2000;
/// How long the last lines of a process that has ended may take to be read; a child of its own may hold its streams.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Server {
    /// Starts a server that prints one line with the URL it listens on (`http://127.0.0.1:PORT/`); a
    /// second URL on that line is its admin listener.
    ///
    /// # Errors
    /// It could not be started, ended, or named no address in time; with the last lines it printed.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let tail = Arc::default();
        let (said, lines) = sync_channel(64);
        drain(child.stdout.take(), &tail, said.clone());
        drain(child.stderr.take(), &tail, said);
        match ready_line(&lines, begun) {
            Ok((addr, admin)) => {
                let ready_after = begun.elapsed();
                // From here on the lines only say when they end, and the drains keep the tail.
                Ok(Self { child, addr, admin, ready_after, tail, lines: Mutex::new(lines) })
            }
            Err(why) => {
                let _ = child.kill();
                let status = child.wait()?;
                Err(io::Error::other(format!("{why}; {status}; it said:\n{}", joined(&tail))))
            }
        }
    }

    /// Starts a server that says nothing, and waits until `addr` takes connections.
    ///
    /// # Errors
    /// It could not be started, ended, or does not listen in time.
    pub fn start_silent(mut command: Command, addr: SocketAddr) -> io::Result<Self> {
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let tail = Arc::default();
        let (said, lines) = sync_channel(64);
        drain(child.stdout.take(), &tail, said.clone());
        drain(child.stderr.take(), &tail, said);
        while TcpStream::connect(addr).is_err() {
            let ended = child.try_wait()?;
            if ended.is_some() || begun.elapsed() > START {
                let _ = child.kill();
                let _ = child.wait();
                return Err(io::Error::other(format!("not listening: {ended:?}\n{}", joined(&tail))));
            }
            // Waits for the next line or a moment, whichever is first.
            let _ = lines.recv_timeout(Duration::from_millis(2));
        }
        let ready_after = begun.elapsed();
        Ok(Self { child, addr, admin: None, ready_after, tail, lines: Mutex::new(lines) })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process and its children cost until now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        figures::of_tree(self.pid())
    }

    /// The last lines that it printed, on either stream.
    #[must_use]
    pub fn said(&self) -> String {
        joined(&self.tail)
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    /// Those of `waitpid(2)`.
    pub fn has_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The process is gone.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(pid_of(&self.child)?, signal)?)
    }

    /// Ends it as the kernel would: at once, with nothing tidied up.
    ///
    /// # Errors
    /// The process is gone.
    pub fn signal_kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Waits until it has ended by itself, at most so long, and until what it printed has been read.
    ///
    /// # Errors
    /// It has not ended in time.
    pub fn wait(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            self.hear_out();
            return Ok(status);
        }
        let handle = pidfd_open(pid_of(&self.child)?, PidfdFlags::empty())?;
        let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
        poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout))?;
        let status = self.child.try_wait()?.ok_or(io::ErrorKind::TimedOut)?;
        self.hear_out();
        Ok(status)
    }

    /// Waits for the end of both streams: the last lines are still on their way when the process has gone.
    fn hear_out(&self) {
        let lines = self.lines.lock();
        while lines.recv_timeout(LAST_WORDS).is_ok() {}
    }

    /// Asks it to end (SIGTERM), and makes it end if it has not after `patience`. What it has started ends with it.
    ///
    /// # Errors
    /// Those of the operating system; an end by SIGKILL is not an error.
    pub fn stop(mut self, patience: Duration) -> io::Result<ExitStatus> {
        let family = Family::of(self.pid());
        self.signal(Signal::TERM)?;
        let status = self.wait(patience).or_else(|_| {
            self.child.kill()?;
            self.child.wait()
        });
        family.end();
        status
    }
}

/// Children (the workers of nginx) are ended too: each was started by this server.
impl Drop for Server {
    fn drop(&mut self) {
        let family = Family::of(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        family.end();
    }
}

/// A port that was free a moment ago, for servers that cannot take port 0.
///
/// # Errors
/// Those of the network.
pub fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Raises the limit of open files of this process, and of those it starts, to `count` if it may.
/// Returns what holds now.
#[must_use]
pub fn raise_open_files(count: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let hard = now.maximum.unwrap_or(u64::MAX);
    for limit in [count.max(hard), hard] {
        let wanted = Rlimit { current: Some(limit.min(count.max(hard))), maximum: Some(limit) };
        if setrlimit(Resource::Nofile, wanted).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn drain(
    from: Option<impl Read + Send + 'static>,
    tail: &Arc<Mutex<VecDeque<String>>>,
    said: SyncSender<String>,
) {
    let Some(from) = from else { return };
    let tail = Arc::clone(tail);
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let _ = said.try_send(line.clone());
            let mut tail = tail.lock();
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line);
        }
    });
}

fn ready_line(
    lines: &Receiver<String>,
    begun: Instant,
) -> Result<(SocketAddr, Option<SocketAddr>), &'static str> {
    loop {
        match lines.recv_timeout(START.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                let mut urls = urls(&line);
                if let Some(addr) = urls.next() {
                    return Ok((addr, urls.next()));
                }
            }
            Err(RecvTimeoutError::Timeout) => return Err("no ready line in time"),
            Err(RecvTimeoutError::Disconnected) => return Err("ended without a ready line"),
        }
    }
}

fn urls(line: &str) -> impl Iterator<Item = SocketAddr> + '_ {
    line.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c))).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

fn joined(tail: &Mutex<VecDeque<String>>) -> String {
    tail.lock().iter().fold(String::new(), |all, line| all + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_names_service_and_admin() {
        let line = "ready on https://127.0.0.1:8443/ (admin http://[::1]:9000/)";
        let found: Vec<_> = urls(line).collect();
        assert_eq!(found, ["127.0.0.1:8443".parse().unwrap(), "[::1]:9000".parse().unwrap()]);
    }

    #[test]
    fn a_server_that_ends_at_once_is_reported_with_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such config >&2; exit 2"]);
        let error = Server::start(command).unwrap_err().to_string();
        assert!(error.contains("no such config"), "{error}");
    }
}
