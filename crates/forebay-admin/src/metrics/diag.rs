//! Kernel memory of this process's own TCP sockets, asked of the kernel's socket diagnosis (sock_diag(7)).
//!
//! `/proc/net/sockstat` has one figure for a whole network namespace, which on a machine without containers is
//! everybody's. The diagnosis lists each socket with what it holds (`INET_DIAG_SKMEMINFO`) and its inode; a socket is
//! ours if one of our descriptors names that inode. One that we have closed and that the kernel still empties is
//! nobody's, and not in the sum.

use std::{collections::HashSet, io, time::Duration};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with, sockopt,
};

/// Of netlink(7), sock_diag(7) and their headers.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const REQUEST_DUMP: u16 = 0x301;
const IPPROTO_TCP: u8 = 6;
const INET_DIAG_SKMEMINFO: u16 = 7;
const HEADER: usize = 16;
const INET_DIAG_MSG: usize = 72;

/// The kernel writes dumps in pieces of at most so much.
const PIECE: usize = 32 << 10;

/// An answer takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes that the kernel holds for the TCP sockets with these inodes.
pub(super) fn memory_of(inodes: &HashSet<u64>) -> io::Result<u64> {
    let mut sum = 0;
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        dump(family, &mut |inode, memory| {
            if inodes.contains(&u64::from(inode)) {
                sum += memory;
            }
        })?;
    }
    Ok(sum)
}

/// Shows every TCP socket of a family in this network namespace: its inode, and the bytes that it holds.
fn dump(family: AddressFamily, see: &mut impl FnMut(u32, u64)) -> io::Result<()> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
    send(&socket, &request(family), SendFlags::empty())?;
    let mut piece = vec![0; PIECE];
    loop {
        let (read, _) = recv(&socket, &mut piece[..], RecvFlags::empty())?;
        if read_piece(&piece[..read], see)? == Piece::Last {
            return Ok(());
        }
    }
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`: all states, every address.
fn request(family: AddressFamily) -> [u8; 72] {
    let mut bytes = [0; 72];
    bytes[0..4].copy_from_slice(&72_u32.to_ne_bytes());
    bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes[6..8].copy_from_slice(&REQUEST_DUMP.to_ne_bytes());
    bytes[8..12].copy_from_slice(&1_u32.to_ne_bytes());
    bytes[16] = u8::try_from(family.as_raw()).unwrap_or_default();
    bytes[17] = IPPROTO_TCP;
    bytes[18] = 1 << (INET_DIAG_SKMEMINFO - 1);
    bytes[20..24].copy_from_slice(&u32::MAX.to_ne_bytes());
    bytes
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Last,
    MoreFollows,
}

/// Reads one piece of an answer: messages, each a header and a socket with its attributes.
fn read_piece(mut piece: &[u8], see: &mut impl FnMut(u32, u64)) -> io::Result<Piece> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "an odd answer of sock_diag");
    while piece.len() >= HEADER {
        let (len, kind) = (u32_at(piece, 0) as usize, u16_at(piece, 4));
        let message = piece.get(HEADER..len).ok_or_else(odd)?;
        match kind {
            NLMSG_DONE => return Ok(Piece::Last),
            NLMSG_ERROR if message.len() >= 4 => {
                return Err(io::Error::from_raw_os_error(-(u32_at(message, 0) as i32)));
            }
            SOCK_DIAG_BY_FAMILY if message.len() >= INET_DIAG_MSG => {
                let memory = attribute(&message[INET_DIAG_MSG..], INET_DIAG_SKMEMINFO).map_or(0, held);
                see(u32_at(message, INET_DIAG_MSG - 4), memory);
            }
            _ => return Err(odd()),
        }
        piece = piece.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Piece::MoreFollows)
}

/// The content of the first attribute (`struct rtattr`) of this kind.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    while attributes.len() >= 4 {
        let (len, kind) = (usize::from(u16_at(attributes, 0)), u16_at(attributes, 2));
        let content = attributes.get(4..len)?;
        if kind == wanted {
            return Some(content);
        }
        attributes = attributes.get(len.next_multiple_of(4)..)?;
    }
    None
}

/// Of `SK_MEMINFO_*`: received and not read, queued to be sent or not yet confirmed, set aside, options, backlog.
fn held(meminfo: &[u8]) -> u64 {
    const COUNTED: [usize; 5] = [0, 5, 4, 6, 7];
    let words = COUNTED.into_iter().filter(|word| (word + 1) * 4 <= meminfo.len());
    words.map(|word| u64::from(u32_at(meminfo, word * 4))).sum()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u16, content: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADER + content.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn socket(inode: u32, meminfo: [u32; 9]) -> Vec<u8> {
        let mut content = vec![0; INET_DIAG_MSG - 4];
        content.extend(inode.to_ne_bytes());
        // An attribute that nobody asked for, of an odd length, comes first.
        content.extend([5_u16, 1].map(u16::to_ne_bytes).concat());
        content.extend([0; 4]);
        content.extend([40, INET_DIAG_SKMEMINFO].map(u16::to_ne_bytes).concat());
        content.extend(meminfo.map(u32::to_ne_bytes).concat());
        message(SOCK_DIAG_BY_FAMILY, &content)
    }

    fn read(piece: &[u8]) -> (io::Result<Piece>, Vec<(u32, u64)>) {
        let mut seen = Vec::new();
        let end = read_piece(piece, &mut |inode, memory| seen.push((inode, memory)));
        (end, seen)
    }

    #[test]
    fn sockets_and_what_they_hold_are_read() {
        let two = [socket(7, [1, 999, 999, 999, 10, 100, 1000, 10_000, 999]), socket(8, [0; 9])].concat();
        let (end, seen) = read(&two);
        assert_eq!((end.unwrap(), seen), (Piece::MoreFollows, vec![(7, 11_111), (8, 0)]));
        let (end, seen) = read(&[socket(9, [1; 9]), message(NLMSG_DONE, &[0; 4])].concat());
        assert_eq!((end.unwrap(), seen), (Piece::Last, vec![(9, 5)]));
        let refused = message(NLMSG_ERROR, &(-1_i32).to_ne_bytes());
        assert_eq!(read(&refused).0.unwrap_err().raw_os_error(), Some(1));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0_usize..200) {
            let _ = read(&bytes);
            let whole = socket(7, [1; 9]);
            let _ = read(&whole[..cut.min(whole.len())]);
        }
    }
}
