//! A naive peer as a process, measured beside forebay by the bench: a server, `peer KIND ROOT [CERT KEY]`, or the client that reads so
//! many objects at once, each whole into memory, `peer read-whole ADDR TARGET AT_ONCE`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use forebay_testkit::naive;
use forebay_testkit::peer::{self, Kind};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, addr, target, at_once] = &arguments[..]
        && word == "read-whole"
    {
        let at_once = at_once.parse()?;
        naive::read_whole(addr.parse()?, &vec![target.clone(); at_once], at_once)?;
        return Ok(());
    }
    let (kind, root, tls) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [kind, root] => (kind, root, None),
        [kind, root, cert, key] => (kind, root, Some(tls(cert, key)?)),
        _ => bail!(
            "usage: peer whole-body|serve-dir|upload|upload-logged|upload-whole ROOT [CERT KEY], or peer read-whole ADDR TARGET AT_ONCE"
        ),
    };
    let kind = Kind::parse(kind).with_context(|| format!("no peer is called {kind:?}"))?;
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(peer::run(kind, PathBuf::from(root), any_port, tls).await?)
}

fn tls(cert: &str, key: &str) -> anyhow::Result<Arc<rustls::ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
