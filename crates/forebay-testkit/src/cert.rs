//! A certificate for the length of a test: self-signed, for `localhost`, on disk as PEM.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A self-signed certificate and its key.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate as a PEM file.
    pub cert_path: PathBuf,
    /// Its key as a PEM file.
    pub key_path: PathBuf,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Makes a certificate for `localhost` and writes `NAME.crt` and `NAME.key` into `dir`.
    ///
    /// # Errors
    /// Those of the file system and of the key generator.
    pub fn create(dir: &Path, name: &str) -> io::Result<Self> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let (cert_path, key_path) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
        std::fs::write(&cert_path, made.cert.pem())?;
        std::fs::write(&key_path, made.signing_key.serialize_pem())?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
        Ok(Self { cert_path, key_path, der: made.cert.der().clone(), key })
    }

    /// A client that trusts this certificate only, offering these protocols (ALPN, RFC 7301).
    ///
    /// # Errors
    /// The certificate is not usable as a root.
    pub fn client(&self, protocols: &[&str]) -> io::Result<Arc<rustls::ClientConfig>> {
        self.client_of(&[&rustls::version::TLS13, &rustls::version::TLS12], protocols)
    }

    /// The same, which knows these versions of TLS only.
    ///
    /// # Errors
    /// The certificate is not usable as a root.
    pub fn client_of(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        protocols: &[&str],
    ) -> io::Result<Arc<rustls::ClientConfig>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.der.clone()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// A server with this certificate.
    ///
    /// # Errors
    /// The key does not fit the certificate.
    pub fn server(&self) -> io::Result<Arc<rustls::ServerConfig>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], self.key.clone_key())
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}
