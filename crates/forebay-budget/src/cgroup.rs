//! How much memory the kernel lets us have: control groups of both versions.
//!
//! A group is limited by its own limit and by that of every group above it, so the answer is the smallest on the
//! way up. Both hierarchies are asked, since a machine may mount both and limit by either. In version 2
//! `memory.high` counts as well: above it the kernel stalls the process, which is the same outage in slow motion.
//!
//! Where our group is comes from `/proc/self/cgroup`, where the hierarchy is mounted from
//! `/proc/self/mountinfo`. In a container the mount may show only a part of the hierarchy (its `root` field); what
//! lies above the part that we can see cannot be asked and is not guessed. With version 1, ancestors count even where
//! `memory.use_hierarchy` was 0 (kernels before 5.11): too small a plan is the cheaper mistake.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use serde::Serialize;

use crate::size::ByteSize;

/// Version 1 writes "no limit" as the largest page-aligned number; nothing real is as large as this.
const V1_UNLIMITED: u64 = 1 << 60;

/// The tightest memory limit that applies to this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryLimit {
    /// The limit.
    pub bytes: ByteSize,
    /// The file that says so.
    pub source: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// A mounted hierarchy: what part of it is visible, and where.
struct Mount {
    version: Version,
    visible: PathBuf,
    at: PathBuf,
}

/// The tightest memory limit of this process's control group and its ancestors; `None` if there is none.
pub fn cgroup_memory_limit() -> Option<MemoryLimit> {
    cgroup_memory_limit_under(Path::new("/"))
}

/// As [`cgroup_memory_limit`], reading `proc/self/…` and the mounts below `root`.
pub fn cgroup_memory_limit_under(root: &Path) -> Option<MemoryLimit> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let mounts = mounts.lines().filter_map(parse_mount);
    mounts
        .filter_map(|mount| {
            let group = groups.lines().find_map(|line| parse_group(line, mount.version))?;
            tightest(root, &mount, &group)
        })
        .min_by_key(|limit| limit.bytes)
}

/// The smallest limit from the process's group up to where the mount ends.
fn tightest(root: &Path, mount: &Mount, group: &Path) -> Option<MemoryLimit> {
    let top = under(root, &mount.at);
    // A group outside of what is mounted (a namespace of its own, or moved away): only the top can be asked.
    let below = group.strip_prefix(&mount.visible).unwrap_or(Path::new(""));
    let below = if below.components().all(|part| matches!(part, Component::Normal(_))) {
        below
    } else {
        Path::new("")
    };
    let files: &[&str] = match mount.version {
        Version::V1 => &["memory.limit_in_bytes"],
        Version::V2 => &["memory.max", "memory.high"],
    };
    below
        .ancestors()
        .flat_map(|part| files.iter().map(move |file| part.join(file)))
        .filter_map(|file| read_limit(top.join(file)))
        .min_by_key(|limit| limit.bytes)
}

fn read_limit(source: PathBuf) -> Option<MemoryLimit> {
    let text = fs::read_to_string(&source).ok()?;
    // Version 2 says "max" for no limit, which is no number either.
    let bytes: u64 = text.trim().parse().ok()?;
    (bytes < V1_UNLIMITED).then_some(MemoryLimit { bytes: ByteSize::b(bytes), source })
}

/// `4:memory:/path` is version 1, `0::/path` is version 2.
fn parse_group(line: &str, version: Version) -> Option<PathBuf> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let ours = match version {
        Version::V1 => controllers.split(',').any(|name| name == "memory"),
        Version::V2 => controllers.is_empty(),
    };
    ours.then(|| PathBuf::from(path))
}

/// `36 35 98:0 /visible /at options - cgroup source memory,…`: fields before the dash vary in number.
fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (visible, at) = (unescape(before.next()?), unescape(before.next()?));
    let mut after = after.split(' ');
    let version = match after.next()? {
        "cgroup2" => Version::V2,
        "cgroup" if after.nth(1)?.split(',').any(|option| option == "memory") => Version::V1,
        _ => return None,
    };
    Some(Mount { version, visible, at })
}

/// The kernel writes blank, tab, newline and backslash in paths as three octal digits.
fn unescape(text: &str) -> PathBuf {
    let path = [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |path, (code, char)| path.replace(code, char));
    PathBuf::from(path)
}

fn under(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
