//! nginx as a cache, which says in `X-Cache-Status` what it did.
//!
//! It cannot purge by itself: a PURGE goes on to the origin. With the module of Debian (`libnginx-mod-http-cache-purge`) and the
//! configuration that the project ships for it, it can.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Purging;
use crate::cert::Certificate;
use crate::nginx::Nginx;
use crate::process::Server;

/// A directory of configuration for one nginx that caches.
#[derive(Debug)]
pub struct NginxCache(Nginx);

/// What becomes of a PURGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// It goes to the origin, as any method does.
    Forwarded,
    /// The module does it, or not.
    Module(Purging),
}

impl NginxCache {
    /// Writes a configuration into `dir` for a cache of 64 MiB in front of `origin`, with TLS when a certificate is given.
    ///
    /// # Errors
    /// Those of the file system and of the network; the module is not installed.
    pub fn configure(
        dir: &Path,
        origin: SocketAddr,
        purge: Purge,
        tls: Option<&Certificate>,
    ) -> io::Result<Self> {
        let purging = match purge {
            Purge::Forwarded => String::new(),
            Purge::Module(Purging::Allowed) => PURGING.to_owned(),
            Purge::Module(Purging::Refused) => PURGING.replace("allow 127.0.0.1;", ""),
        };
        let http = HTTP.replace("DIR", &dir.display().to_string()).replace("ORIGIN", &origin.to_string());
        let nginx = Nginx::configure_with(dir, dir, tls, &http, &(SERVER.to_owned() + &purging))?;
        Ok(Self(match purge {
            Purge::Forwarded => nginx,
            Purge::Module(_) => nginx.with_module(module().ok_or(io::ErrorKind::NotFound)?),
        }))
    }

    /// Whether nginx and its module are on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Nginx::is_installed() && module().is_some()
    }

    /// Starts it with what its cache on disk still holds.
    ///
    /// # Errors
    /// nginx is not installed, or does not listen in time.
    pub fn start(&self) -> io::Result<Server> {
        self.0.start(None)
    }
}

/// The purge module, where this nginx looks for modules.
fn module() -> Option<PathBuf> {
    let said = Command::new("nginx").arg("-V").output().ok()?.stderr;
    let said = String::from_utf8_lossy(&said);
    let dir = said.split_whitespace().find_map(|word| word.strip_prefix("--modules-path="))?;
    let file = Path::new(dir).join("ngx_http_cache_purge_module.so");
    file.is_file().then_some(file)
}

const HTTP: &str = "\
    proxy_cache_path DIR/cache keys_zone=edge:16m max_size=64m inactive=1d use_temp_path=off;
    upstream kept { server ORIGIN; keepalive 64; }
";

/// No files are kept open: a worker would go on serving what another has purged, as long as the loader of the cache has not been through,
/// which is a minute after the start.
const SERVER: &str = "\
    open_file_cache off;
    location / {
        proxy_pass http://kept; proxy_http_version 1.1;
        proxy_set_header Connection \"\"; proxy_set_header Host $host;
        proxy_cache edge; proxy_cache_key $host$request_uri; proxy_cache_valid 200 1d;
        add_header X-Cache-Status $upstream_cache_status always;
    }
";

/// `contrib/nginx/purge.conf`, as it is shipped.
const PURGING: &str = include_str!("../../../../contrib/nginx/purge.conf");
