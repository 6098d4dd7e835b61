//! A `forebay agent` as a process, asked over its HTTP interface as its operators ask it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::process::Server;
use crate::raw::RawConn;
use crate::response::Asked;

/// What the agents of tests are asked with.
pub const TOKEN: &str = "a-token-for-these-tests";

/// The command of an agent on free ports, without its edges. Its queue is in `dir`, where it also runs.
#[must_use]
pub fn command(program: &Path, dir: &Path) -> Command {
    on_free_ports(Command::new(program), dir)
}

/// The same for a command of that program that was begun elsewhere, as in a memory group.
#[must_use]
pub fn on_free_ports(mut program: Command, dir: &Path) -> Command {
    program.args(["agent", "--agent-listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    program.args(["--agent-queue", "queue"]).env("FOREBAY_AGENT_TOKEN", TOKEN).current_dir(dir);
    program
}

/// Asks an agent anything: the status, and the answer if it is JSON.
///
/// # Errors
/// Those of the network.
pub fn ask(
    addr: SocketAddr,
    method: &str,
    target: &str,
    fields: &str,
    body: &str,
) -> io::Result<(u16, Value)> {
    let mut connection = RawConn::connect(addr)?;
    let length = if method == "GET" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{method} {target} HTTP/1.1\r\nHost: agent\r\n{fields}{length}\r\n");
    connection.send(format!("{head}{body}").as_bytes())?;
    let answer = connection.response(Asked::Other)?;
    Ok((answer.head.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
}

/// The interface of one agent, for who has the token.
#[derive(Clone, Copy, Debug)]
pub struct Api(SocketAddr);

impl Api {
    /// That of this process.
    #[must_use]
    pub const fn of(server: &Server) -> Self {
        Self(server.addr)
    }

    /// Asks it anything: the status, and the answer if it is JSON.
    ///
    /// # Errors
    /// Those of the network.
    pub fn ask(self, method: &str, target: &str, fields: &str, body: &str) -> io::Result<(u16, Value)> {
        let fields = format!("Authorization: Bearer {TOKEN}\r\n{fields}");
        ask(self.0, method, target, &fields, body)
    }

    /// Submits a job; its id.
    ///
    /// # Errors
    /// It is not taken in.
    pub fn submit(self, job: &Value) -> anyhow::Result<String> {
        let fields = "Content-Type: application/json\r\n";
        id(&self.ask("POST", "/v1/jobs", fields, &job.to_string())?)
    }

    /// Submits a list, one URL a line; what is to be done is said in the query. Its id.
    ///
    /// # Errors
    /// It is not taken in.
    pub fn submit_list(self, query: &str, urls: &[String]) -> anyhow::Result<String> {
        let fields = "Content-Type: text/plain\r\n";
        id(&self.ask("POST", &format!("/v1/jobs?{query}"), fields, &urls.join("\n"))?)
    }

    /// A job as it stands.
    ///
    /// # Errors
    /// It is not known.
    pub fn job(self, id: &str) -> anyhow::Result<Value> {
        let (status, job) = self.ask("GET", &format!("/v1/jobs/{id}"), "", "")?;
        ensure!(status == 200, "{status}: {job}");
        Ok(job)
    }

    /// The first thousand rows of a job that a query asks for.
    ///
    /// # Errors
    /// It is not known.
    pub fn rows(self, id: &str, query: &str) -> anyhow::Result<Vec<Value>> {
        let (status, page) = self.ask("GET", &format!("/v1/jobs/{id}/urls?limit=1000{query}"), "", "")?;
        ensure!(status == 200, "{status}: {page}");
        Ok(page["items"].as_array().context("a page without items")?.clone())
    }

    /// Looks at a job until it is as wanted, for a minute at most.
    ///
    /// # Errors
    /// It was never so.
    pub fn until(self, id: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let (never, tick) = (Mutex::new(()), Condvar::new());
        let mut seen = Value::Null;
        for _ in 0..6000 {
            seen = self.job(id)?;
            if wanted(&seen) {
                return Ok(seen);
            }
            let _ = tick.wait_for(&mut never.lock(), Duration::from_millis(10));
        }
        anyhow::bail!("after a minute: {seen}")
    }
}

fn id((status, answer): &(u16, Value)) -> anyhow::Result<String> {
    ensure!(*status == 201, "{status}: {answer}");
    Ok(answer["id"].as_str().context("a job without an id")?.to_owned())
}
