//! nginx as the peer to beat, set up the way its own documentation recommends for files.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cert::Certificate;
use crate::cgroup::MemoryGroup;
use crate::process::{Server, free_port};

/// A directory of configuration for one nginx.
#[derive(Debug)]
pub struct Nginx {
    dir: PathBuf,
    addr: SocketAddr,
    module: Option<PathBuf>,
}

/// Whether a proxy may keep what its client cannot take yet, in memory and then in temporary files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// nginx's default.
    On,
    /// What comes is passed on, or waits in the sockets.
    Off,
}

impl Nginx {
    /// Writes a configuration into `dir` that serves `root`, with TLS when a certificate is given.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure(dir: &Path, root: &Path, tls: Option<&Certificate>) -> io::Result<Self> {
        Self::configure_with(dir, root, tls, "", "")
    }

    /// Passes everything on to an origin, over connections that it keeps, and stores nothing that it need not.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure_proxy(
        dir: &Path,
        origin: SocketAddr,
        buffering: Buffering,
        tls: Option<&Certificate>,
    ) -> io::Result<Self> {
        let buffering = match buffering {
            Buffering::On => "on",
            Buffering::Off => "off",
        };
        let location = format!(
            "location / {{ proxy_pass http://kept; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
             proxy_buffering {buffering}; }}"
        );
        let upstream = format!("upstream kept {{ server {origin}; keepalive 64; }}");
        Self::configure_with(dir, dir, tls, &upstream, &location)
    }

    /// The same with directives of one's own, for all servers and within this one.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure_with(
        dir: &Path,
        root: &Path,
        tls: Option<&Certificate>,
        http: &str,
        server: &str,
    ) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let addr = free_port()?;
        let (listen, certificate) = match tls {
            None => (format!("{addr}"), String::new()),
            Some(cert) => (
                format!("{addr} ssl"),
                format!(
                    "ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;",
                    cert.cert_path.display(),
                    cert.key_path.display()
                ),
            ),
        };
        let text = CONFIG
            .replace("DIR", &dir.display().to_string())
            .replace("LISTEN", &listen)
            .replace("CERTIFICATE", &certificate)
            .replace("ROOT", &root.display().to_string())
            .replace("FURTHER", http)
            .replace("WITHIN", server);
        fs::write(dir.join("nginx.conf"), text)?;
        Ok(Self { dir: dir.to_owned(), addr, module: None })
    }

    /// The same with a module that is loaded first.
    #[must_use]
    pub fn with_module(self, module: PathBuf) -> Self {
        Self { module: Some(module), ..self }
    }

    /// Whether nginx is on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("nginx").arg("-v").output().is_ok()
    }

    /// Starts it, inside a memory cgroup if one is given.
    ///
    /// # Errors
    /// nginx is not installed, or does not listen in time.
    pub fn start(&self, group: Option<&MemoryGroup>) -> io::Result<Server> {
        let program = Path::new("nginx");
        let mut command = group.map_or_else(|| Command::new(program), |g| g.command(program));
        command.arg("-p").arg(&self.dir).arg("-c").arg(self.dir.join("nginx.conf")).args(["-e", "stderr"]);
        if let Some(module) = &self.module {
            command.arg("-g").arg(format!("load_module {};", module.display()));
        }
        Server::start_silent(command, self.addr)
    }
}

const CONFIG: &str = "\
daemon off;
user root;
worker_processes auto;
worker_rlimit_nofile 65536;
pid DIR/nginx.pid;
error_log stderr error;
events { worker_connections 20000; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    send_timeout 3600s;
    open_file_cache max=10000 inactive=60s;
    open_file_cache_valid 60s;
    default_type application/octet-stream;
    FURTHER
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    server { listen LISTEN backlog=4096; CERTIFICATE root ROOT; WITHIN }
}
";
