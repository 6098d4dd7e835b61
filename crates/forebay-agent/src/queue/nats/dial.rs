//! Connecting to a NATS server, and telling what becomes of the connection.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use super::link::PATIENCE;
use super::{NatsError, NatsLogin, NatsOptions};

/// Commands that wait for the socket, and messages that wait for their reader: a little more than one batch.
pub(super) const COMMANDS_MAX: usize = 1024;
const MESSAGES_MAX: usize = 1024;
/// How often a silent server is asked whether it is there; it is given up when it has missed two.
const PING: Duration = Duration::from_secs(15);

/// What a server is to us that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// An error.
    Refuse,
    /// One that is asked again until it is there.
    Wait,
}

/// Connects. `connected` counts how often that was done.
pub(super) async fn dial(
    options: &NatsOptions,
    connected: watch::Sender<u64>,
    absent: Absent,
) -> Result<Client, NatsError> {
    let invalid = |what: &str| NatsError::Invalid(format!("{what} is no address of a NATS server"));
    let servers: Vec<ServerAddr> = options
        .servers
        .iter()
        .map(|server| server.parse().map_err(|_| invalid(&without_login(server))))
        .collect::<Result<_, _>>()?;
    let Some(first) = servers.first() else { return Err(invalid("nothing")) };
    let server = format!("{}:{}", first.host(), first.port());
    let unreachable = |why: String| NatsError::Unreachable { server: server.clone(), why };
    let connected = Arc::new(connected);
    let mut dialled = ConnectOptions::new()
        .name("forebay")
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE))
        .ping_interval(PING)
        .client_capacity(COMMANDS_MAX)
        .subscription_capacity(MESSAGES_MAX)
        .event_callback(move |event| {
            let connected = Arc::clone(&connected);
            async move { note(&event, &connected) }
        });
    dialled = match &options.login {
        NatsLogin::Open => dialled,
        NatsLogin::Token(token) => dialled.token(token.clone()),
        NatsLogin::User(name, password) => dialled.user_and_password(name.clone(), password.clone()),
        NatsLogin::Credentials(text) => dialled
            .credentials(text)
            .map_err(|_| NatsError::Invalid("the NATS credentials are not those of a .creds file".into()))?,
    };
    if absent == Absent::Wait {
        dialled = dialled.retry_on_initial_connect();
    }
    if servers.iter().any(ServerAddr::tls_required) {
        let config = options.tls.config().await.map_err(|error| unreachable(error.to_string()))?;
        let mut config = (*config).clone();
        config.alpn_protocols.clear();
        dialled = dialled.tls_client_config(config);
    }
    dialled.connect(servers).await.map_err(|error| match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            NatsError::Denied(server.clone())
        }
        _ => unreachable(error.to_string()),
    })
}

fn note(event: &Event, connected: &watch::Sender<u64>) {
    match event {
        Event::Connected => {
            connected.send_modify(|count| *count += 1);
            tracing::info!("connected to NATS");
        }
        Event::Disconnected => tracing::warn!("the connection to NATS broke; it is made again"),
        // One for each try to connect.
        Event::ClientError(_) => tracing::debug!(%event, "NATS"),
        event => tracing::warn!(%event, "NATS"),
    }
}

/// An address as it may be shown.
pub(super) fn without_login(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").map_or(("", server), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.into() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_an_address_is_not_shown() {
        assert_eq!(without_login("nats://user:secret@host:4222"), "nats://host:4222");
        assert_eq!(without_login("host"), "host");
    }
}
