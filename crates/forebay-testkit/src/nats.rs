//! NATS, with and without what it keeps on disk (JetStream).
//!
//! It always comes back on the same port with the same store, as a server does that was restarted under its clients.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cert::Certificate;
use crate::process::{Server, free_port};

/// A directory and a port for one NATS.
#[derive(Debug)]
pub struct Nats {
    store: PathBuf,
    addr: SocketAddr,
    jet_stream: JetStream,
    login: Login,
    tls: Option<(PathBuf, PathBuf)>,
}

/// Whether it keeps messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JetStream {
    /// On disk.
    On,
    /// It passes them on, and that is all.
    Off,
}

/// Whom it lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Everybody.
    Open,
    /// Who has this token.
    Token(String),
    /// This user with this password.
    User(String, String),
}

impl Nats {
    /// Chooses a port and a store beneath `dir`.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure(dir: &Path, jet_stream: JetStream, login: Login) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Self { store: dir.join("store"), addr: free_port()?, jet_stream, login, tls: None })
    }

    /// Encrypted, with this certificate.
    #[must_use]
    pub fn with_tls(self, certificate: &Certificate) -> Self {
        let tls = (certificate.cert_path.clone(), certificate.key_path.clone());
        Self { tls: Some(tls), ..self }
    }

    /// Whether NATS is on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("nats-server").arg("--version").output().is_ok()
    }

    /// Where it listens, whenever it runs.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Starts it, with what its store holds.
    ///
    /// # Errors
    /// NATS is not installed, or does not listen in time.
    pub fn start(&self) -> io::Result<Server> {
        self.start_with(self.jet_stream)
    }

    /// Starts it so that it keeps nothing, as after a slip in its settings.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    pub fn start_without_jetstream(&self) -> io::Result<Server> {
        self.start_with(JetStream::Off)
    }

    fn start_with(&self, jet_stream: JetStream) -> io::Result<Server> {
        let mut command = Command::new("nats-server");
        command.args(["-a", &self.addr.ip().to_string(), "-p", &self.addr.port().to_string()]);
        if jet_stream == JetStream::On {
            command.arg("-js").arg("-sd").arg(&self.store);
        }
        if let Some((certificate, key)) = &self.tls {
            command.arg("--tls").arg("--tlscert").arg(certificate).arg("--tlskey").arg(key);
        }
        match &self.login {
            Login::Open => &mut command,
            Login::Token(token) => command.args(["--auth", token]),
            Login::User(user, password) => command.args(["--user", user, "--pass", password]),
        };
        Server::start_silent(command, self.addr)
    }
}
