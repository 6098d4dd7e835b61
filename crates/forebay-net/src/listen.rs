//! A listening socket whose options every accepted connection inherits.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::sockopt::{self, SocketSizes};

/// How to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections that the kernel may hold ready before they are accepted. They wait there, unpaid,
    /// while the plan has no room for another.
    pub backlog: u32,
    /// The socket buffers that connections start with.
    pub sizes: SocketSizes,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: 1024, sizes: SocketSizes::default() }
    }
}

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}: {}", explain(.source))]
pub struct ListenError {
    /// The address that was asked for.
    pub addr: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// A bound, listening TCP socket.
#[derive(Debug)]
pub struct Listener {
    pub(crate) tcp: tokio::net::TcpListener,
    pub(crate) sizes: SocketSizes,
    local: SocketAddr,
}

impl Listener {
    /// Binds and listens. Port 0 takes a free one; see [`Listener::local_addr`]. Must be called within
    /// a tokio runtime.
    ///
    /// # Errors
    /// [`ListenError`], which says the address and, for the usual causes, what to do.
    pub fn bind(addr: SocketAddr, options: &ListenOptions) -> Result<Self, ListenError> {
        let bind = || -> io::Result<Socket> {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
            // A restart must not wait for the last process's connections to time out.
            socket.set_reuse_address(true)?;
            socket.bind(&addr.into())?;
            sockopt::prepare_listener(&SockRef::from(&socket), &options.sizes)?;
            socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
            Ok(socket)
        };
        let adopt = |socket: Socket| Self::adopt(socket.into(), options);
        bind().and_then(adopt).map_err(|source| ListenError { addr, source })
    }

    /// Takes over a socket that is listening already (socket activation). Must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// If it is no TCP socket or refuses its options.
    pub fn from_std(tcp: std::net::TcpListener, options: &ListenOptions) -> io::Result<Self> {
        sockopt::prepare_listener(&SockRef::from(&tcp), &options.sizes)?;
        Self::adopt(tcp, options)
    }

    /// The address actually bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn adopt(tcp: std::net::TcpListener, options: &ListenOptions) -> io::Result<Self> {
        let local = tcp.local_addr()?;
        let tcp = tokio::net::TcpListener::from_std(tcp)?;
        Ok(Self { tcp, sizes: options.sizes.clone(), local })
    }
}

fn explain(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => "the port is in use by another process".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => source.to_string(),
    }
}
