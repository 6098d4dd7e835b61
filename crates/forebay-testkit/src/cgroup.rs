//! A memory cgroup with one server in it: the only honest counter of what the kernel holds for it.
//!
//! `/proc/net/sockstat` counts the client's queues too; RSS counts no socket at all. The group counts
//! the server's own. On v1 socket memory is counted apart (`memory.kmem.tcp`, switched on by writing
//! a limit to it) and does *not* count towards the limit, so a test there asserts the sum itself; on v2 it
//! is part of `memory.current`, and `sock` in `memory.stat` shows its share.
//!
//! A process enters before it becomes the server (`echo $$ > cgroup.procs; exec …`), so that its
//! first page is counted too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A group of its own under the group of this process. Removed on drop, and what runs in it ended.
#[derive(Debug)]
pub struct MemoryGroup {
    path: Arc<PathBuf>,
    version: Version,
}

/// Which hierarchy has the memory controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Sockets are counted apart.
    V1,
    /// Sockets are part of the usage.
    V2,
}

/// One reading of a group, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Everything that the limit counts: anonymous memory, page cache, kernel memory; sockets on v2 only.
    pub usage: u64,
    /// TCP socket buffers.
    pub sockets: u64,
    /// Anonymous memory.
    pub anon: u64,
    /// Page cache charged to the group; the kernel takes it back when it needs it.
    pub cache: u64,
    /// The sum that an operator pays for: usage and sockets, each counted once.
    pub sum: u64,
}

/// Why there is no group on this machine.
#[derive(Debug)]
pub struct Unavailable(pub String);

static SERIAL: AtomicU32 = AtomicU32::new(0);

impl MemoryGroup {
    /// Makes a group with a limit, or with none for pure measuring.
    ///
    /// # Errors
    /// Neither hierarchy is writable here; the test should say so loudly and skip.
    pub fn create(limit: Option<u64>) -> Result<Self, Unavailable> {
        let v1 = create_v1(limit);
        match v1 {
            Ok(group) => Ok(group),
            Err(v1) => create_v2(limit).map_err(|v2| Unavailable(format!("v1: {v1}; v2: {v2}"))),
        }
    }

    /// Which hierarchy it is in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// A command that runs `program` inside the group, under the process id it is started with.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\""]).arg(&*self.path).arg(program);
        command
    }

    /// What the group holds now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        usage(&self.path, self.version)
    }

    /// Processes of the group that the kernel ended for lack of memory.
    #[must_use]
    pub fn oom_kills(&self) -> u64 {
        match self.version {
            Version::V1 => field(&self.path.join("memory.oom_control"), "oom_kill"),
            Version::V2 => field(&self.path.join("memory.events"), "oom_kill"),
        }
    }

    /// Reads the counters at this interval until the watch is dropped.
    #[must_use]
    pub fn watch(&self, every: Duration) -> Watch {
        let peak = Arc::new(Peak::default());
        let (stop, stopped) = sync_channel::<()>(0);
        let (path, version, seen) = (Arc::clone(&self.path), self.version, Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            loop {
                seen.note(usage(&path, version));
                if !matches!(stopped.recv_timeout(every), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        });
        Watch { peak, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        for _ in 0..200 {
            let inside = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
            for pid in inside.lines().filter_map(|l| l.parse().ok()).filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
            if fs::remove_dir(&*self.path).is_ok() || !self.path.exists() {
                return;
            }
            std::thread::yield_now();
            let (_keep, never) = sync_channel::<()>(0);
            let _ = never.recv_timeout(Duration::from_millis(10));
        }
    }
}

/// The most that a watched group held, by each counter on its own.
#[derive(Debug)]
pub struct Watch {
    peak: Arc<Peak>,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Peak {
    usage: AtomicU64,
    sockets: AtomicU64,
    anon: AtomicU64,
    cache: AtomicU64,
    sum: AtomicU64,
}

impl Watch {
    /// The peak until now.
    #[must_use]
    pub fn peak(&self) -> Usage {
        let read = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let Peak { usage, sockets, anon, cache, sum } = &*self.peak;
        Usage {
            usage: read(usage),
            sockets: read(sockets),
            anon: read(anon),
            cache: read(cache),
            sum: read(sum),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Peak {
    fn note(&self, now: Usage) {
        self.usage.fetch_max(now.usage, Ordering::Relaxed);
        self.sockets.fetch_max(now.sockets, Ordering::Relaxed);
        self.anon.fetch_max(now.anon, Ordering::Relaxed);
        self.cache.fetch_max(now.cache, Ordering::Relaxed);
        self.sum.fetch_max(now.sum, Ordering::Relaxed);
    }
}

fn create_v1(limit: Option<u64>) -> io::Result<MemoryGroup> {
    let mount = mount_point(|kind, options| kind == "cgroup" && options.split(',').any(|o| o == "memory"))?;
    let path = make_below(&mount, &own_group(|names| names.split(',').any(|n| n == "memory")))?;
    let group = MemoryGroup { path: Arc::new(path), version: Version::V1 };
    if let Some(limit) = limit {
        fs::write(group.path.join("memory.limit_in_bytes"), limit.to_string())?;
        // Without swap accounting the file is missing, and without swap it changes nothing.
        let _ = fs::write(group.path.join("memory.memsw.limit_in_bytes"), limit.to_string());
    }
    // Any limit switches the counting on; this one is never reached.
    fs::write(group.path.join("memory.kmem.tcp.limit_in_bytes"), (1u64 << 40).to_string())?;
    Ok(group)
}

fn create_v2(limit: Option<u64>) -> io::Result<MemoryGroup> {
    let mount = mount_point(|kind, _| kind == "cgroup2")?;
    let own = own_group(str::is_empty);
    let mut parent = mount.join(own.trim_start_matches('/'));
    // A group with processes in it cannot hand controllers down: climb to one that does.
    while !delegates_memory(&parent) {
        if parent == mount || !parent.pop() {
            return Err(io::Error::other("no group hands the memory controller down"));
        }
    }
    let path = make_below(&parent, "")?;
    let group = MemoryGroup { path: Arc::new(path), version: Version::V2 };
    if let Some(limit) = limit {
        fs::write(group.path.join("memory.max"), limit.to_string())?;
        let _ = fs::write(group.path.join("memory.swap.max"), "0");
    }
    Ok(group)
}

fn delegates_memory(group: &Path) -> bool {
    let control = group.join("cgroup.subtree_control");
    let has = || fs::read_to_string(&control).is_ok_and(|s| s.split_whitespace().any(|c| c == "memory"));
    has() || (fs::write(&control, "+memory").is_ok() && has())
}

fn make_below(mount: &Path, own: &str) -> io::Result<PathBuf> {
    let name = format!("forebay-{}-{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
    let nested = mount.join(own.trim_start_matches('/')).join(&name);
    // In a container the path of our group may not be visible; then the mount is our group.
    match fs::create_dir(&nested) {
        Ok(()) => Ok(nested),
        Err(_) => fs::create_dir(mount.join(&name)).map(|()| mount.join(&name)),
    }
}

fn mount_point(wanted: impl Fn(&str, &str) -> bool) -> io::Result<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    mounts
        .lines()
        .find_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            [_, at, kind, options, ..] if wanted(kind, options) => Some(PathBuf::from(at)),
            _ => None,
        })
        .ok_or_else(|| io::Error::other("not mounted"))
}

fn own_group(wanted: impl Fn(&str) -> bool) -> String {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut lines = groups.lines().map(|line| line.splitn(3, ':').collect::<Vec<_>>());
    lines.find(|p| p.len() == 3 && wanted(p[1])).map_or_else(String::new, |p| p[2].to_owned())
}

fn usage(group: &Path, version: Version) -> Usage {
    let stat = group.join("memory.stat");
    match version {
        Version::V1 => {
            let usage = number(&group.join("memory.usage_in_bytes"));
            let sockets = number(&group.join("memory.kmem.tcp.usage_in_bytes"));
            let (anon, cache) = (field(&stat, "total_rss"), field(&stat, "total_cache"));
            Usage { usage, sockets, anon, cache, sum: usage + sockets }
        }
        Version::V2 => {
            let usage = number(&group.join("memory.current"));
            let (sockets, anon, cache) = (field(&stat, "sock"), field(&stat, "anon"), field(&stat, "file"));
            Usage { usage, sockets, anon, cache, sum: usage }
        }
    }
}

fn number(file: &Path) -> u64 {
    fs::read_to_string(file).ok().and_then(|s| s.trim().parse().ok()).unwrap_or(0)
}

fn field(file: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|v| v.trim().parse().ok()).unwrap_or(0)
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no memory cgroup can be made here ({})", self.0)
    }
}

impl std::error::Error for Unavailable {}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |n: u64| (n as f64) / f64::from(1 << 20);
        let Self { usage, sockets, anon, cache, sum } = *self;
        write!(f, "sum {:.1} MiB = usage {:.1} with sockets {:.1}", mib(sum), mib(usage), mib(sockets))?;
        write!(f, " (anonymous {:.1}, page cache {:.1})", mib(anon), mib(cache))
    }
}
