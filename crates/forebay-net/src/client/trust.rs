//! Whom a client trusts.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::sync::OnceCell;

use crate::BoxError;

/// Whom a client trusts: the system's certificates, and what was added. Cheap to clone.
#[derive(Clone, Default)]
pub struct ClientTls(Arc<Trust>);

#[derive(Default)]
struct Trust {
    checks: Checks,
    added: Vec<CertificateDer<'static>>,
    /// Made when the first encrypted connection is: reading the system's certificates takes milliseconds.
    config: OnceCell<Arc<ClientConfig>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Checks {
    #[default]
    All,
    /// Neither names nor chains.
    None,
}

/// A certificate to trust cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("no certificate in PEM form that could be trusted")]
pub struct TrustError;

impl ClientTls {
    /// Trusts the system's certificates and every certificate of this PEM text.
    ///
    /// # Errors
    ///
    /// [`TrustError`] if there is none in it, or one cannot be a root.
    pub fn with_added(pem: &[u8]) -> Result<Self, TrustError> {
        let added: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| TrustError)?;
        let mut roots = RootCertStore::empty();
        if added.is_empty() || added.iter().any(|root| roots.add(root.clone()).is_err()) {
            return Err(TrustError);
        }
        Ok(Self(Arc::new(Trust { added, ..Trust::default() })))
    }

    /// Checks neither names nor chains. Whoever is on the way can read and change everything.
    pub fn insecure() -> Self {
        Self(Arc::new(Trust { checks: Checks::None, ..Trust::default() }))
    }

    /// The same for a client of somebody else. It speaks of HTTP; who speaks of something else says so in his own copy.
    ///
    /// # Errors
    ///
    /// The system trusts nobody, and nothing was added.
    pub async fn config(&self) -> Result<Arc<ClientConfig>, BoxError> {
        let trust = &self.0;
        let made = trust.config.get_or_try_init(|| async {
            let (checks, added) = (trust.checks, trust.added.clone());
            tokio::task::spawn_blocking(move || make(checks, &added)).await?
        });
        Ok(Arc::clone(made.await?))
    }
}

/// Reads files: not for a worker.
fn make(checks: Checks, added: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, BoxError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions)?;
    let mut config = match checks {
        Checks::All => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.add_parsable_certificates(added.iter().cloned());
            if roots.is_empty() {
                return Err("the system trusts no certificate: install ca-certificates, or name one".into());
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        Checks::None => {
            let verifier = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Believes every certificate, but not that somebody holds a key which he does not hold.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("checks", &self.0.checks)
            .field("added", &self.0.added.len())
            .finish()
    }
}
