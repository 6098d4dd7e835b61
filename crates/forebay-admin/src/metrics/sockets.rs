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

use super::diag;

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
    Ok(own_sockets(proc)?.intersection(&inodes).count() as u64)
}

/// Kernel memory of the TCP sockets of the process under `proc`, which is in our network namespace, in bytes.
pub(super) fn own_memory(proc: &Path) -> io::Result<u64> {
    diag::memory_of(&own_sockets(proc)?)
}

/// Inodes of the sockets of the process under `proc`.
fn own_sockets(proc: &Path) -> io::Result<HashSet<u64>> {
    let mut inodes = HashSet::new();
    for entry in fs::read_dir(proc.join("fd"))? {
        // A descriptor that was closed since it was listed is no socket of ours.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let inode = target.to_str().and_then(|name| name.strip_prefix("socket:[")?.strip_suffix(']'));
        inodes.extend(inode.and_then(|inode| inode.parse::<u64>().ok()));
    }
    Ok(inodes)
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

    use super::{close_wait, open_fds, own_memory};

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
    fn descriptors_are_counted() {
        assert_eq!(open_fds(proc("", &[1, 2, 3]).path()).unwrap(), 2);
    }

    #[test]
    fn what_a_socket_of_ours_holds_is_counted_and_what_others_hold_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut peer, &[0; 200_000]).unwrap();
        assert!(own_memory(Path::new("/proc/self")).unwrap() >= 200_000);
        let inode = |socket: &std::net::TcpStream| {
            let link =
                fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(socket))).unwrap();
            link.to_str().unwrap().trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap()
        };
        // A process that has one end, and one that has neither.
        let one = own_memory(proc("", &[inode(&ours)]).path()).unwrap();
        let both = own_memory(proc("", &[inode(&ours), inode(&peer)]).path()).unwrap();
        assert!(one > 0 && both >= one, "{one} {both}");
        assert_eq!(own_memory(proc("", &[1]).path()).unwrap(), 0);
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
