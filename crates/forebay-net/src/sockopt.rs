//! Socket options: what a connection may pin in the kernel, said once on the listener.
//!
//! Linux copies a listening socket's options to the connections it accepts, so the small start (send
//! buffer, low-water mark, user timeout, no delay) costs no call per connection. The receive buffer is
//! the exception: set before the handshake it would clamp the window scale for the connection's life,
//! so it is set after accept.

use std::io;
use std::time::Duration;

use forebay_budget::ByteSize;
use socket2::SockRef;

/// The longest segments that a peer may send us. Those of a peer on this machine would have 64 KiB, and a sender sends no segment that
/// is longer than what the window leaves: behind a receive buffer that has fallen to its start again, nothing would come but what timers let out,
/// a segment of each in minutes. No other network has segments of this length.
const SEGMENT_MAX: u32 = 16 << 10;

/// How large a connection's socket buffers are, in the values given to the kernel. The kernel doubles
/// them for its own overhead: a connection may pin twice these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSizes {
    /// What `TCP_NOTSENT_LOWAT` starts with: the unsent bytes that a client who has stopped reading
    /// pins, whatever the send buffer would hold.
    pub unsent_start: ByteSize,
    /// What the send buffer starts with: the bytes in flight that a client who has vanished pins until
    /// `user_timeout`. Below 48 KiB a loopback connection, whose segments are 64 KiB, crawls from one
    /// delayed acknowledgement to the next.
    pub send_start: ByteSize,
    /// What the receive buffer starts with. Below 32 KiB an upload over loopback crawls likewise.
    pub receive_start: ByteSize,
    /// The largest that either may become, on a lease.
    pub grown_max: ByteSize,
    /// `TCP_USER_TIMEOUT`: how long sent bytes may go unacknowledged before the kernel gives up on a
    /// peer that has vanished.
    pub user_timeout: Duration,
}

impl Default for SocketSizes {
    fn default() -> Self {
        Self {
            unsent_start: ByteSize::kib(16),
            send_start: ByteSize::kib(64),
            receive_start: ByteSize::kib(32),
            grown_max: ByteSize::mib(2),
            user_timeout: Duration::from_secs(30),
        }
    }
}

/// Applies everything that accepted connections inherit.
pub(crate) fn prepare_listener(socket: &SockRef<'_>, sizes: &SocketSizes) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_mss(SEGMENT_MAX)?;
    socket.set_tcp_user_timeout(Some(sizes.user_timeout))?;
    set_send(socket, sizes.send_start, sizes.unsent_start)
}

/// The one option that must wait until the connection is there.
pub(crate) fn prepare_accepted(socket: &SockRef<'_>, sizes: &SocketSizes) -> io::Result<()> {
    socket.set_recv_buffer_size(sizes.receive_start.as_usize())
}

/// The send buffer and, with it, how many unsent bytes the kernel takes in advance.
pub(crate) fn set_send(socket: &SockRef<'_>, buffer: ByteSize, unsent: ByteSize) -> io::Result<()> {
    socket.set_send_buffer_size(buffer.as_usize())?;
    socket.set_tcp_notsent_lowat(u32::try_from(unsent.as_u64()).unwrap_or(u32::MAX))
}

/// Closing this socket resets the connection and frees at once what the kernel holds for it.
pub(crate) fn reset_on_close(socket: &SockRef<'_>) {
    // If the socket is already dead, there is nothing left to reset.
    let _already_dead = socket.set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn an_upload_goes_on_behind_a_buffer_that_has_fallen() {
        let sizes = SocketSizes::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        prepare_listener(&SockRef::from(&listener), &sizes).unwrap();
        listener.set_nonblocking(false).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        prepare_accepted(&socket, &sizes).unwrap();
        let sending = std::thread::spawn(move || client.write_all(&vec![7; 24 << 20]));
        let mut block = vec![0; 64 << 10];
        // It grows while it is fast, and so the sender learns of a large window.
        socket.set_recv_buffer_size(sizes.grown_max.as_usize()).unwrap();
        (&accepted).read_exact(&mut vec![0; 12 << 20]).unwrap();
        // Nobody reads until the sender stands, and the buffer falls.
        let mut queued = 0;
        loop {
            let now = rustix::io::ioctl_fionread(&accepted).unwrap();
            if now > 0 && now == queued {
                break;
            }
            queued = now;
            std::thread::yield_now();
        }
        socket.set_recv_buffer_size(sizes.receive_start.as_usize()).unwrap();
        accepted.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (mut rest, end) = (12 << 20, tokio::time::Instant::now() + Duration::from_secs(10));
        while rest > 0 {
            rest -= (&accepted).read(&mut block).unwrap();
            // By timers it would take half a minute.
            assert!(tokio::time::Instant::now() < end, "{rest} bytes are missing");
        }
        sending.join().unwrap().unwrap();
    }

    #[test]
    fn an_accepted_socket_begins_with_what_the_listener_was_told() {
        let sizes = SocketSizes { user_timeout: Duration::from_millis(12_345), ..SocketSizes::default() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        prepare_listener(&SockRef::from(&listener), &sizes).unwrap();
        listener.set_nonblocking(false).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        prepare_accepted(&socket, &sizes).unwrap();
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(sizes.user_timeout));
        assert_eq!(u64::from(socket.tcp_notsent_lowat().unwrap()), sizes.unsent_start.as_u64());
        assert!(socket.tcp_nodelay().unwrap());
        // Linux answers with what it has doubled.
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * sizes.send_start.as_usize());
        assert_eq!(socket.recv_buffer_size().unwrap(), 2 * sizes.receive_start.as_usize());
        assert!(socket.tcp_mss().unwrap() <= SEGMENT_MAX);
        // And a socket that is to be reset is.
        reset_on_close(&socket);
        accepted.write_all(b"unread").unwrap();
        drop(accepted);
        let mut all = Vec::new();
        assert!(client.read_to_end(&mut all).is_err());
    }
}
