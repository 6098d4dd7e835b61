//! TLS 1.2 and 1.3 by rustls, with certificates that can be replaced while connections live.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::info::{Protocol, TlsInfo};
use crate::opening::Handshake;
use crate::state::ConnState;
use crate::zerocopy::io::TLS_PIECE_FAST;

/// Sessions remembered for TLS 1.2 resumption, over all connections.
const SESSIONS_MAX: usize = 1024;
/// Plaintext that a stream may hold encrypted and unsent: the largest late read.
const UNSENT_MAX: usize = TLS_PIECE_FAST;

/// A certificate and its key, as files. Cheap to clone; clones share reloads.
#[derive(Clone)]
pub struct TlsConfig(Arc<Inner>);

struct Inner {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Suites>,
}

#[derive(Clone)]
struct Suites {
    /// Offers h2 and http/1.1.
    both: Arc<ServerConfig>,
    /// Offers http/1.1 only: for when the ledger has no room for another HTTP/2 connection.
    http1: Arc<ServerConfig>,
}

/// A certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has no PEM section of the kind that is needed.
    #[error("{path} holds no {wanted} in PEM form")]
    Missing {
        /// Which.
        path: PathBuf,
        /// "certificate" or "private key".
        wanted: &'static str,
    },
    /// The two belong to different pairs.
    #[error("the certificate in {cert} and the key in {key} do not belong together")]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// TLS refuses them for another reason.
    #[error("the certificate in {cert} cannot be used: {source}")]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsConfig {
    /// Reads a certificate chain and a private key (PKCS#8, PKCS#1 or SEC1) from PEM files.
    ///
    /// # Errors
    /// [`TlsError`], which names the file at fault; [`TlsError::Mismatch`] if they are not a pair.
    pub fn from_pem(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let (cert, key) = (cert.into(), key.into());
        let current = RwLock::new(load(&cert, &key)?);
        Ok(Self(Arc::new(Inner { cert, key, current })))
    }

    /// Reads both files again. Connections that live keep what they agreed on; new ones get the new
    /// certificate. Reads files: not for a worker in a hurry.
    ///
    /// # Errors
    /// As [`TlsConfig::from_pem`]; what was in use before stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = load(&self.0.cert, &self.0.key)?;
        *self.0.current.write() = fresh;
        Ok(())
    }

    pub(crate) fn accept<'a>(&self, tcp: TcpStream, http2: Http2, state: &'a ConnState) -> Handshake<'a> {
        let config = {
            let current = self.0.current.read();
            Arc::clone(match http2 {
                Http2::Offered => &current.both,
                Http2::NotOffered => &current.http1,
            })
        };
        Handshake::new(&TlsAcceptor::from(config), tcp, UNSENT_MAX, state)
    }
}

/// Whether a handshake may agree on HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http2 {
    Offered,
    NotOffered,
}

/// What the handshake agreed on.
pub(crate) fn agreed(stream: &TlsStream<TcpStream>) -> (Protocol, TlsInfo) {
    let session = stream.get_ref().1;
    let protocol = match session.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    };
    let cipher =
        session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
    (protocol, TlsInfo { version, cipher, server_name: session.server_name().map(Arc::from) })
}

fn load(cert: &Path, key: &Path) -> Result<Suites, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(cert, "certificate", error))?;
    if chain.is_empty() {
        return Err(TlsError::Missing { path: cert.to_owned(), wanted: "certificate" });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| pem_error(key, "private key", error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|source| TlsError::Unusable { cert: cert.to_owned(), source })?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unusable(cert, key, error))?;
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    if let Ok(ticketer) = aws_lc_rs::Ticketer::new() {
        config.ticketer = ticketer;
    }
    let mut both = config.clone();
    both.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Suites { both: Arc::new(both), http1: Arc::new(config) })
}

fn pem_error(path: &Path, wanted: &'static str, error: pem::Error) -> TlsError {
    match error {
        pem::Error::Io(source) => TlsError::Read { path: path.to_owned(), source },
        _ => TlsError::Missing { path: path.to_owned(), wanted },
    }
}

fn unusable(cert: &Path, key: &Path, error: rustls::Error) -> TlsError {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { cert: cert.to_owned(), key: key.to_owned() }
        }
        source => TlsError::Unusable { cert: cert.to_owned(), source },
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig").field("cert", &self.0.cert).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use forebay_testkit::cert::Certificate;

    use super::*;

    #[test]
    fn sessions_are_remembered_up_to_a_number_and_tickets_cost_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let made = Certificate::create(dir.path(), "a").unwrap();
        let suites = load(&made.cert_path, &made.key_path).unwrap();
        let key = |n: usize| n.to_be_bytes().to_vec();
        for n in 0..20 * SESSIONS_MAX {
            suites.both.session_storage.put(key(n), vec![7; 100]);
        }
        let remembered =
            (0..20 * SESSIONS_MAX).filter(|&n| suites.http1.session_storage.get(&key(n)).is_some());
        assert!((1..=SESSIONS_MAX).contains(&remembered.count()), "one cache for both, and a bounded one");
        // TLS 1.3 then keeps no session here at all: the ticket carries it.
        assert!(suites.both.ticketer.enabled() && suites.http1.ticketer.enabled());
    }
}
