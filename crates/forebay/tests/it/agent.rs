//! The agent as a program: what it was told to do is done, whatever becomes of the process.

use std::{fs, path::Path, time::Duration};

use forebay_testkit::{
    agent::{self, Api},
    fake::{Fault, Gate, Verb, When},
    fake_edge::{FakeEdge, Flavour},
    process::Server,
    trials::Trials,
};
use serde_json::{Value, json};

use crate::run::{forebay, poll, stderr, stdout};

pub(crate) use forebay_testkit::agent::TOKEN;
const PATIENCE: Duration = Duration::from_secs(20);

/// An agent with a queue of its own. Its process may end and be started again.
pub(crate) struct Agent {
    pub(crate) server: Server,
    pub(crate) home: tempfile::TempDir,
    words: Vec<String>,
}

pub(crate) fn edge() -> FakeEdge {
    let edge = FakeEdge::start(Flavour::Ats(Default::default())).unwrap();
    edge.put_everywhere(1000);
    edge
}

impl Agent {
    pub(crate) fn start(edges: &[(&str, &FakeEdge)], words: &[&str]) -> Self {
        let described =
            edges.iter().map(|(words, edge)| format!("--edge=http://{} kind=ats {words}", edge.addr()));
        let words: Vec<_> = described.chain(words.iter().map(|word| (*word).to_owned())).collect();
        let home = tempfile::tempdir().unwrap();
        Self { server: launch(&home, &words), home, words }
    }

    /// `kill -9`, and a new process on the same queue.
    pub(crate) fn kill(&mut self) {
        self.server.signal_kill().unwrap();
        self.server.wait(PATIENCE).unwrap();
        self.server = launch(&self.home, &self.words);
    }

    /// Asks the interface: the status, and the answer if it is JSON.
    pub(crate) fn ask(&self, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
        Api::of(&self.server).ask(method, target, fields, body).unwrap()
    }

    pub(crate) fn submit(&self, job: &Value) -> String {
        Api::of(&self.server).submit(job).unwrap()
    }

    pub(crate) fn job(&self, id: &str) -> Value {
        Api::of(&self.server).job(id).unwrap()
    }

    pub(crate) fn over(&self, id: &str) -> Value {
        assert!(poll(|| self.job(id).get("ended").is_some()), "{}\n{}", self.job(id), self.server.said());
        self.job(id)
    }

    pub(crate) fn rows(&self, id: &str, query: &str) -> Vec<Value> {
        Api::of(&self.server).rows(id, query).unwrap()
    }

    /// `forebay jobs` with these words.
    pub(crate) fn jobs(&self, words: &[&str]) -> std::process::Output {
        let mut command = forebay();
        command.arg("jobs").args(words).args(["--agent", &format!("http://{}", self.server.addr)]);
        command.env("FOREBAY_AGENT_TOKEN", TOKEN).current_dir(self.home.path()).output().unwrap()
    }
}

pub(crate) fn ask(server: &Server, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
    agent::ask(server.addr, method, target, fields, body).unwrap()
}

pub(crate) fn command(home: &tempfile::TempDir, words: &[String]) -> std::process::Command {
    let mut command = agent::on_free_ports(forebay(), home.path());
    command.args(["--memory", "64MiB", "--agent-drain", "5s"]).args(words);
    command
}

fn launch(home: &tempfile::TempDir, words: &[String]) -> Server {
    Server::start(command(home, words)).unwrap()
}

pub(crate) fn urls(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    paths.into_iter().map(|path| format!("http://www.example.test/{path}")).collect()
}

#[test]
fn what_is_submitted_is_done_and_shown_with_what_came_of_it() {
    let (a, b) = (edge(), edge());
    let agent = Agent::start(&[("name=a", &a), ("name=b", &b)], &[]);
    let id = agent.submit(&json!({"action": "warm", "urls": urls(["1".into(), "2".into()]), "label": "two"}));
    let job = agent.over(&id);
    assert_eq!(job["state"], "succeeded");
    assert_eq!(job["rows"]["succeeded"], 4);
    assert!(a.has("/1") && a.has("/2") && b.has("/1") && b.has("/2"));
    let rows = agent.rows(&id, "&edge=b");
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["outcome"], &rows[0]["bytes"]), (&json!("warmed"), &json!(1000)));
    let (_, edges) = agent.ask("GET", "/v1/edges", "", "");
    assert_eq!(edges["items"][0]["presence"], "here", "{edges}");
    let ready = crate::run::admin(agent.server.admin.unwrap(), "/readyz");
    assert_eq!(ready.0, 200);
}

#[test]
fn an_agent_that_is_killed_under_load_loses_no_job_and_repeats_no_finished_warm() {
    let dir = tempfile::tempdir().unwrap();
    let trials = Trials::new(Path::new(env!("CARGO_BIN_EXE_forebay")), &dir.path().join("trial"));
    let outcome = trials.killed_agent(1, 5).unwrap();
    assert_eq!(outcome.kills, 5);
    assert!(outcome.saved > 0, "it was always killed before anything was done");
}

#[test]
fn an_agent_that_is_asked_to_stop_gives_back_what_it_has_not_done() {
    let edge = edge();
    let gate = Gate::new();
    edge.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    let mut agent = Agent::start(&[("name=a", &edge)], &[]);
    let id = agent.submit(&json!({"action": "warm", "urls": urls((0..50).map(|n| n.to_string()))}));
    assert!(poll(|| agent.job(&id)["rows"]["processing"].as_u64().unwrap() > 0));
    agent.server.signal(rustix::process::Signal::TERM).unwrap();
    assert_eq!(agent.server.wait(PATIENCE).unwrap().code(), Some(0), "{}", agent.server.said());
    edge.script().clear();
    gate.open();
    agent.server = launch(&agent.home, &agent.words);
    assert_eq!(agent.over(&id)["rows"]["succeeded"], 50);
    assert!(agent.rows(&id, "").iter().all(|row| row["attempts"] == 1), "to be stopped costs no tries");
}

#[test]
fn parents_are_done_before_their_children() {
    let (parent, child) = (edge(), edge());
    let gate = Gate::new();
    parent.script().push(When::verb(Verb::Get).always(), Fault::Hang(gate.clone()));
    let agent = Agent::start(&[("name=mid", &parent), ("name=leaf parent=mid", &child)], &[]);
    let id = agent.submit(&json!({"action": "warm", "urls": urls(["x".into()])}));
    assert!(gate.wait_blocking(1, PATIENCE));
    assert_eq!(child.asked("/x").get, 0);
    gate.open();
    parent.script().clear();
    assert_eq!(agent.over(&id)["state"], "succeeded");
    assert!(child.has("/x"));
}

#[test]
fn jobs_are_submitted_shown_retried_and_cancelled_from_a_command_line() {
    let edge = edge();
    edge.script().push(When::verb(Verb::Purge).key("/bad").times(1), Fault::access_denied());
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    fs::write(
        agent.home.path().join("list"),
        "http://www.example.test/good\nno url\nhttp://www.example.test/bad\n",
    )
    .unwrap();
    let submitted = agent.jobs(&["submit", "purge", "--from", "list", "--label", "x y"]);
    assert_eq!(submitted.status.code(), Some(3), "{}", stderr(&submitted));
    assert!(stderr(&submitted).contains("line 2: "), "{}", stderr(&submitted));
    let id = stdout(&submitted).trim().to_owned();
    assert_eq!(agent.over(&id)["state"], "failed");
    assert!(stdout(&agent.jobs(&["list", "--state", "failed"])).contains(&id));
    assert!(
        stdout(&agent.jobs(&["show", &id])).contains("1 failed"),
        "{}",
        stdout(&agent.jobs(&["show", &id]))
    );
    let failed = stdout(&agent.jobs(&["urls", &id, "--state", "failed", "--json"]));
    let failed: Value = serde_json::from_str(failed.trim()).unwrap();
    assert_eq!(
        (&failed["class"], &failed["url"]),
        (&json!("refused"), &json!("http://www.example.test/bad"))
    );
    assert!(stdout(&agent.jobs(&["dead"])).contains("/bad"));
    assert_eq!(agent.jobs(&["retry", &id]).status.code(), Some(0));
    assert!(poll(|| agent.job(&id)["state"] == "succeeded"), "{}", agent.job(&id));
    assert_eq!(agent.jobs(&["cancel", &id]).status.code(), Some(0));
    assert_eq!(agent.jobs(&["show", "nonsense"]).status.code(), Some(1));
}

#[test]
fn tokens_of_a_file_and_of_the_environment_are_taken() {
    let (edge, file) = (edge(), tempfile::NamedTempFile::new().unwrap());
    fs::write(file.path(), "# who may ask\nthe-first-token-of-the-file\n\nthe-second-token-of-the-file\n")
        .unwrap();
    let agent =
        Agent::start(&[("name=a", &edge)], &[&format!("--agent-token-file={}", file.path().display())]);
    let with = |token: &str| {
        ask(&agent.server, "GET", "/v1/jobs", &format!("Authorization: Bearer {token}\r\n"), "").0
    };
    for token in ["the-first-token-of-the-file", "the-second-token-of-the-file", TOKEN] {
        assert_eq!(with(token), 200, "{token}");
    }
    assert_eq!(with("# who may ask"), 401);
}

#[test]
fn what_cannot_be_an_agent_says_why_in_one_line() {
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let refused = |command: &mut std::process::Command, code: i32, why: &str| {
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    };
    refused(&mut command(&agent.home, &agent.words), 2, &format!("in use by process {}", agent.server.pid()));
    let elsewhere = ["--agent-listen".to_owned(), "0.0.0.0:0".to_owned()];
    let mut open = command(&agent.home, &[&agent.words[..], &elsewhere].concat());
    refused(open.env_remove("FOREBAY_AGENT_TOKEN"), 2, "--agent-token-file");
    refused(command(&agent.home, &agent.words).env("FOREBAY_AGENT_TOKEN", "short"), 2, "at least 16");
    refused(&mut command(&agent.home, &[]), 2, "no edge");
    let mut stranger = forebay();
    stranger.args(["jobs", "list", "--agent", &format!("http://{}", agent.server.addr)]);
    refused(&mut stranger, 2, "No token");
    let mut nobody = forebay();
    nobody.args(["jobs", "list", "--agent", "http://127.0.0.1:1"]);
    refused(&mut nobody, 1, "no agent answers");
}
