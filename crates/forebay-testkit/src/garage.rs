//! Garage: an S3 that others wrote and run, with a single node and everything in one directory.
//!
//! It is built by `cargo install garage`, which takes half an hour on a small machine; so whoever has it in the path may use it, and
//! nothing needs it.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::{Server, free_port};

/// A running Garage.
#[derive(Debug)]
pub struct Garage {
    server: Server,
    config: PathBuf,
    /// The name of a key that may do everything.
    pub key_id: String,
    /// Its secret.
    pub secret: String,
}

const KEY_ID: &str = "GK0123456789abcdef01234567";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

impl Garage {
    /// Starts one in a directory that exists, in the region `us-east-1`.
    ///
    /// # Errors
    /// `NotFound` where there is no `garage` in the path; else what it said.
    pub fn start(dir: &Path) -> io::Result<Self> {
        let (rpc, api) = (free_port()?, free_port()?);
        let config = dir.join("garage.toml");
        let text = format!(
            "metadata_dir = {meta:?}\ndata_dir = {data:?}\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
             rpc_bind_addr = \"{rpc}\"\nrpc_public_addr = \"{rpc}\"\nrpc_secret = \"{SECRET}\"\n\
             [s3_api]\ns3_region = \"us-east-1\"\napi_bind_addr = \"{api}\"\nroot_domain = \".s3.localhost\"\n",
            meta = dir.join("meta"),
            data = dir.join("data"),
        );
        fs::write(&config, text)?;
        let mut command = program(&config);
        command.env("RUST_LOG", "warn").arg("server");
        let server = Server::start_silent(command, api)?;
        let garage = Self { server, config, key_id: KEY_ID.into(), secret: SECRET.into() };
        let node = garage.says(&["node", "id", "--quiet"])?;
        let node = node.split('@').next().unwrap_or_default().to_owned();
        garage.says(&["layout", "assign", "--zone", "here", "--capacity", "100G", &node])?;
        garage.says(&["layout", "apply", "--version", "1"])?;
        garage.says(&["key", "import", "--yes", "-n", "tests", KEY_ID, SECRET])?;
        garage.says(&["key", "allow", "--create-bucket", KEY_ID])?;
        Ok(garage)
    }

    /// Where it speaks S3.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    fn says(&self, words: &[&str]) -> io::Result<String> {
        let Output { status, stdout, stderr } = program(&self.config).args(words).output()?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&stdout).trim().to_owned());
        }
        Err(io::Error::other(format!("garage {words:?}: {}", String::from_utf8_lossy(&stderr))))
    }
}

fn program(config: &Path) -> Command {
    let mut command = Command::new("garage");
    command.arg("--config").arg(config);
    command
}
