//! Descriptors and sockets of this process, cheaply enough for every scrape.
//!
//! `/proc/self/net/tcp` lists the whole network namespace, so a socket is ours if one of our descriptors names its
//! inode. Reading ten thousand links to find none is a waste: the table is read first, line by line, and only when
//! some socket of the namespace is in CLOSE_WAIT are our descriptors looked at.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
};

/// `TCP_CLOSE_WAIT` of the kernel's `tcp_states.h`, as the table writes it.
const CLOSE_WAIT: &str = "08";
/// Inodes that are remembered; more sockets than that in CLOSE_WAIT are an outage that needs no exact figure.
const INODES_MAX: usize = 16_384;

/// Open descriptors of the process under `proc`.
pub(super) fn open_fds(proc: &Path) -> io::Result<u64> {
    // The listing itself holds one.
    Ok((fs::read_dir(proc.join("fd"))?.count() as u64).saturating_sub(1))
}

/// Sockets of the process under `proc` that the peer has closed and the process has not.
pub(super) fn close_wait(proc: &Path) -> io::Result<u64> {
    let mut inodes = HashSet::new();
    waiting_inodes(&proc.join("net/tcp"), &mut inodes)?;
    match waiting_inodes(&proc.join("net/tcp6"), &mut inodes) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if inodes.is_empty() {
        return Ok(0);
    }
    let mut ours = 0;
    for entry in fs::read_dir(proc.join("fd"))? {
        // A descriptor that was closed since it was listed is no socket that waits.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let inode = target.to_str().and_then(|name| name.strip_prefix("socket:[")?.strip_suffix(']'));
        if inode.and_then(|inode| inode.parse().ok()).is_some_and(|inode: u64| inodes.contains(&inode)) {
            ours += 1;
        }
    }
    Ok(ours)
}

/// Kernel memory of the TCP sockets of the process's network namespace, in bytes.
pub(super) fn tcp_memory(proc: &Path) -> io::Result<u64> {
    let sockstat = fs::read_to_string(proc.join("net/sockstat"))?;
    let mut words =
        sockstat.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default().split_whitespace();
    let pages: Option<u64> = words.find(|word| *word == "mem").and_then(|_| words.next()?.parse().ok());
    let pages =
        pages.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no TCP memory in sockstat"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

fn waiting_inodes(table: &Path, inodes: &mut HashSet<u64>) -> io::Result<()> {
    let mut lines = BufReader::new(File::open(table)?);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 && inodes.len() < INODES_MAX {
        let mut fields = line.split_ascii_whitespace().skip(3);
        if fields.next() == Some(CLOSE_WAIT)
            && let Some(inode) = fields.nth(5).and_then(|inode| inode.parse().ok())
        {
            inodes.insert(inode);
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::{close_wait, open_fds, tcp_memory};

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn line(state: &str, inode: u64) -> String {
        format!(
            "   1: 0100007F:1F90 0100007F:A3B2 {state} 00000000:00000000 00:00000000 00000000  0  0 {inode} 1 0 20 4 30 10 -1\n"
        )
    }

    fn proc(tcp: &str, sockets: &[u64]) -> tempfile::TempDir {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir_all(proc.path().join("net")).unwrap();
        fs::create_dir_all(proc.path().join("fd")).unwrap();
        fs::write(proc.path().join("net/tcp"), format!("{HEAD}{tcp}")).unwrap();
        fs::write(
            proc.path().join("net/sockstat"),
            "sockets: used 3\nTCP: inuse 1 orphan 0 tw 0 alloc 2 mem 3\n",
        )
        .unwrap();
        for (fd, inode) in sockets.iter().enumerate() {
            symlink(format!("socket:[{inode}]"), proc.path().join(format!("fd/{fd}"))).unwrap();
        }
        proc
    }

    #[test]
    fn only_our_own_sockets_in_close_wait_count() {
        let tcp = line("01", 7) + &line("08", 8) + &line("08", 9);
        assert_eq!(close_wait(proc(&tcp, &[7, 8]).path()).unwrap(), 1);
        assert_eq!(close_wait(proc(&tcp, &[7]).path()).unwrap(), 0);
        assert_eq!(close_wait(proc("", &[7]).path()).unwrap(), 0);
    }

    #[test]
    fn descriptors_and_tcp_memory_are_read() {
        let proc = proc("", &[1, 2, 3]);
        assert_eq!(open_fds(proc.path()).unwrap(), 2);
        assert_eq!(tcp_memory(proc.path()).unwrap(), 3 * rustix::param::page_size() as u64);
    }

    #[test]
    fn a_socket_that_its_peer_closed_is_found_in_the_real_table() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        drop(peer);
        // The end of the stream says that the kernel has seen the peer's FIN.
        assert_eq!(std::io::Read::read(&mut &ours, &mut [0]).unwrap(), 0);
        assert!(close_wait(Path::new("/proc/self")).unwrap() >= 1);
    }
}
