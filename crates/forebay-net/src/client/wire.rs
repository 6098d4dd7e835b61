//! The socket of a connection, with TLS on it or without.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    /// Asks the kernel whether nothing has come: no byte and no end. What comes on an idle connection makes it useless.
    pub(super) fn is_silent(&self) -> bool {
        let tcp = self.tcp();
        matches!(peek(tcp), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// As [`Wire::is_silent`], as far as the runtime has been told.
    pub(super) fn seems_silent(&self) -> bool {
        let tcp = self.tcp();
        tcp.poll_read_ready(&mut Context::from_waker(Waker::noop())).is_pending() || self.is_silent()
    }

    /// Whether bytes have come beyond those that were read. What comes beneath TLS may be TLS's own.
    pub(super) fn has_more(&self) -> bool {
        let Self::Plain(tcp) = self else { return false };
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(())) = tcp.poll_read_ready(&mut cx) {
            match tcp.try_io(Interest::READABLE, || peek(tcp)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                seen => return seen.is_ok_and(|bytes| bytes > 0),
            }
        }
        false
    }

    /// As [`Wire::is_silent`], and `cx` is woken when that changes.
    pub(super) fn watch(&self, cx: &mut Context<'_>) -> bool {
        let tcp = self.tcp();
        loop {
            match tcp.poll_read_ready(cx) {
                Poll::Pending => return true,
                Poll::Ready(Err(_)) => return false,
                // Readiness may be a leftover of the last read; asking the kernel clears it.
                Poll::Ready(Ok(())) => match tcp.try_io(Interest::READABLE, || peek(tcp)) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(_) | Err(_) => return false,
                },
            }
        }
    }
}

fn peek(tcp: &TcpStream) -> io::Result<usize> {
    let (_, len) = rustix::net::recv(tcp, &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
    Ok(len)
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}
