//! Limits of control groups, on made-up machines.

use std::{fs, path::Path};

use forebay_budget::{ByteSize, MemoryLimit, cgroup_memory_limit_under};
use tempfile::TempDir;

const V1: &str = "32 31 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n";
const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_NONE: &str = "9223372036854771712\n";

struct Machine(TempDir);

impl Machine {
    fn new(cgroup: &str, mountinfo: &str) -> Self {
        let machine = Self(TempDir::new().unwrap());
        machine.file("proc/self/cgroup", cgroup).file("proc/self/mountinfo", mountinfo);
        machine
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn limit(&self) -> Option<MemoryLimit> {
        cgroup_memory_limit_under(self.0.path())
    }

    fn mib(&self) -> Option<u64> {
        self.limit().map(|limit| limit.bytes.as_u64() >> 20)
    }
}

#[test]
fn v2_takes_the_tightest_ancestor() {
    let machine = Machine::new("0::/a/b\n", V2);
    machine
        .file("sys/fs/cgroup/a/b/memory.max", "max\n")
        .file("sys/fs/cgroup/a/memory.max", "134217728\n")
        .file("sys/fs/cgroup/memory.max", "268435456\n");
    let limit = machine.limit().unwrap();
    assert_eq!(limit.bytes, ByteSize::mib(128));
    assert!(limit.source.ends_with("sys/fs/cgroup/a/memory.max"));
}

#[test]
fn v2_high_counts_as_a_limit() {
    let machine = Machine::new("0::/a\n", V2);
    machine
        .file("sys/fs/cgroup/a/memory.max", "268435456\n")
        .file("sys/fs/cgroup/a/memory.high", "67108864\n");
    assert_eq!(machine.mib(), Some(64));
}

#[test]
fn v1_takes_the_tightest_ancestor_and_knows_its_way_to_say_none() {
    let machine = Machine::new("8:pids:/\n4:memory:/a/b\n0::/\n", V1);
    machine
        .file("sys/fs/cgroup/memory/memory.limit_in_bytes", V1_NONE)
        .file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "100663296\n")
        .file("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", V1_NONE);
    assert_eq!(machine.mib(), Some(96));
    machine.file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", V1_NONE);
    assert_eq!(machine.mib(), None);
}

#[test]
fn a_hybrid_machine_takes_the_tighter_hierarchy() {
    let unified = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    let machine = Machine::new("4:memory:/a\n0::/b\n", &format!("{V1}{unified}"));
    machine.file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "201326592\n");
    assert_eq!(machine.mib(), Some(192));
    machine.file("sys/fs/cgroup/unified/b/memory.max", "100663296\n");
    assert_eq!(machine.mib(), Some(96));
}

#[test]
fn a_container_sees_its_own_part_of_the_hierarchy() {
    let v1 = "32 31 0:29 /docker/c0ffee /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    let machine = Machine::new("4:memory:/docker/c0ffee/inner\n", v1);
    machine
        .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n")
        .file("sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "134217728\n");
    assert_eq!(machine.mib(), Some(128));
}

#[test]
fn a_group_outside_of_the_mount_is_asked_at_the_top() {
    for cgroup in ["0::/../elsewhere\n", "0::/\n"] {
        let machine = Machine::new(cgroup, V2);
        machine.file("sys/fs/cgroup/memory.max", "134217728\n").file("sys/fs/elsewhere/memory.max", "1\n");
        assert_eq!(machine.mib(), Some(128));
    }
    let machine = Machine::new("0::/x\n", "30 23 0:26 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    machine.file("sys/fs/cgroup/memory.max", "134217728\n");
    assert_eq!(machine.mib(), Some(128));
}

#[test]
fn a_mount_point_with_a_blank_is_found() {
    let machine = Machine::new("0::/a\n", r"30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw");
    machine.file("my groups/a/memory.max", "134217728\n");
    assert_eq!(machine.mib(), Some(128));
}

#[test]
fn nothing_known_is_no_limit_and_nonsense_is_no_panic() {
    assert_eq!(cgroup_memory_limit_under(Path::new("/nonexistent")), None);
    let machine = Machine::new("0::/a\nnonsense\n::\n", &format!("x\n - \n1 2 3 - cgroup\n{V2}"));
    assert_eq!(machine.limit(), None);
    machine.file("sys/fs/cgroup/a/memory.max", "a lot\n");
    assert_eq!(machine.limit(), None);
}
