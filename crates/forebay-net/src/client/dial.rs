//! A new connection: name, address, proxy, TLS, all within one limit of time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::destination::{Destination, Security, Way};
use super::error::{ClientError, ClientErrorKind};
use super::options::ClientOptions;
use super::resolve::Resolver;
use super::tunnel;
use super::wire::Wire;

/// The least that each of several addresses gets, however little time is left for all of them.
const ATTEMPT_MIN: Duration = Duration::from_millis(250);

/// Connects. What it costs has been granted to the caller.
pub(super) async fn dial(
    destination: &Destination,
    resolver: &Resolver,
    options: &ClientOptions,
) -> Result<Wire, ClientError> {
    let deadline = Instant::now() + options.connect_timeout;
    let mut stage = ClientErrorKind::Resolve;
    let stages = stages(destination, resolver, options, deadline, &mut stage);
    let dialled = tokio::time::timeout_at(deadline, stages).await;
    match dialled {
        Ok(Ok(wire)) => Ok(wire),
        Ok(Err(error)) => Err(ClientError::with_cause(stage, format!("{destination}: {error}"))),
        Err(_) => {
            let limit = options.connect_timeout;
            Err(ClientError::with_cause(stage, format!("{destination}: not done within {limit:?}")))
        }
    }
}

async fn stages(
    destination: &Destination,
    resolver: &Resolver,
    options: &ClientOptions,
    deadline: Instant,
    stage: &mut ClientErrorKind,
) -> io::Result<Wire> {
    let (host, port) = match &destination.way {
        Way::Direct | Way::Asked(_) => (&*destination.host, destination.port),
        Way::Through(proxy) => (&*proxy.host, proxy.port),
    };
    let addresses = resolver.resolve(host, port).await?;
    *stage = ClientErrorKind::Connect;
    let mut tcp = any_of(&addresses, deadline).await?;
    prepare(&tcp, options)?;
    if let Way::Through(proxy) = &destination.way {
        tunnel::connect(&mut tcp, proxy, &destination.host, destination.port).await?;
    }
    match destination.security {
        Security::Plain => Ok(Wire::Plain(tcp)),
        Security::Tls => {
            *stage = ClientErrorKind::Tls;
            let name = ServerName::try_from(&**destination.tls_name.as_ref().unwrap_or(&destination.host))
                .map_err(io::Error::other)?
                .to_owned();
            let config = options.tls.config().await.map_err(io::Error::other)?;
            Ok(Wire::Tls(Box::new(TlsConnector::from(config).connect(name, tcp).await?)))
        }
    }
}

/// Tries addresses in turn; each gets an equal part of the time that is left, so that one that is silent does not use up that of
/// the next.
async fn any_of(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let ahead = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (deadline.saturating_duration_since(Instant::now()) / ahead).max(ATTEMPT_MIN);
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("{address} does not answer")),
        }
    }
    Err(last)
}

/// The sizes are set after the handshake: before it, they would clamp the window scale for the connection's life.
fn prepare(tcp: &TcpStream, options: &ClientOptions) -> io::Result<()> {
    let socket = SockRef::from(tcp);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(options.user_timeout))?;
    socket.set_recv_buffer_size(options.sizes.receive.as_usize())?;
    socket.set_send_buffer_size(options.sizes.receive.as_usize())
}
