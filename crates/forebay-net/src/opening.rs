//! A connection that does not have its I/O type yet: cut now, it is reset like any other.
//!
//! `SpanIo` resets the socket as it is dropped. What is dropped before there is one (a TLS handshake, the
//! wait for the first bytes) would be closed politely, and its last bytes would wait in the kernel for a client
//! that takes none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use crate::sockopt;
use crate::state::{ConnState, Order};

/// While this lives, a cut resets the socket.
pub(crate) struct ResetIfCut<'a> {
    tcp: &'a TcpStream,
    state: &'a ConnState,
}

impl<'a> ResetIfCut<'a> {
    pub(crate) fn new(tcp: &'a TcpStream, state: &'a ConnState) -> Self {
        Self { tcp, state }
    }
}

impl Drop for ResetIfCut<'_> {
    fn drop(&mut self) {
        if self.state.ordered() == Order::Cut {
            sockopt::reset_on_close(&SockRef::from(self.tcp));
        }
    }
}

/// A TLS handshake under way, which owns its socket.
pub(crate) struct Handshake<'a> {
    accept: Accept<TcpStream>,
    state: &'a ConnState,
}

impl<'a> Handshake<'a> {
    /// The session may hold `unsent_max` bytes encrypted and unsent.
    pub(crate) fn new(tls: &TlsAcceptor, tcp: TcpStream, unsent_max: usize, state: &'a ConnState) -> Self {
        let accept = tls.accept_with(tcp, |session| session.set_buffer_limit(Some(unsent_max)));
        Self { accept, state }
    }
}

impl Future for Handshake<'_> {
    type Output = io::Result<TlsStream<TcpStream>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.accept).poll(cx)
    }
}

impl Drop for Handshake<'_> {
    fn drop(&mut self) {
        if let Some(tcp) = self.accept.get_ref() {
            drop(ResetIfCut::new(tcp, self.state));
        }
    }
}
