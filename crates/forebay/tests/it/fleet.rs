//! Agents of a fleet as programs, over a real NATS: shared work, agents that come and go, a NATS that dies and forgets.

use std::{fs, path::PathBuf, time::Duration};

use forebay_testkit::{
    fake::{Fault, Gate, Verb, When},
    fake_edge::FakeEdge,
    nats::{JetStream, Login, Nats},
    notice,
    process::Server,
};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    agent::{Agent, command, edge, urls},
    run::{admin, poll, stderr},
};

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "a-secret-of-these-tests";

struct Fleet {
    nats: Nats,
    server: Option<Server>,
    dir: tempfile::TempDir,
}

impl Fleet {
    /// `None`, with a notice, where NATS is not installed.
    fn start(login: Login) -> Option<Self> {
        if !Nats::is_installed() {
            notice::skipped("nats-server is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let nats = Nats::configure(dir.path(), JetStream::On, login).unwrap();
        let server = Some(nats.start().unwrap());
        Some(Self { nats, server, dir })
    }

    fn agent(&self, edge: &FakeEdge, words: &[&str]) -> Agent {
        let nats = format!("--agent-nats=nats://{}", self.nats.addr());
        Agent::start(&[("name=a", edge)], &[&[nats.as_str(), "--agent-nats-patience=2s"], words].concat())
    }

    /// As a power cut would, but for what the kernel still writes.
    fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.signal_kill().unwrap();
        server.wait(PATIENCE).unwrap();
    }

    fn restart(&mut self) {
        self.server = Some(self.nats.start().unwrap());
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }
}

fn requests(agent: &Agent) -> u64 {
    of_edge(agent)["requests"].as_u64().unwrap()
}

fn of_edge(agent: &Agent) -> Value {
    agent.ask("GET", "/v1/edges", "", "").1["items"][0].clone()
}

fn ready(agent: &Agent) -> (u16, String) {
    admin(agent.server.admin.unwrap(), "/readyz")
}

fn numbered(count: u32) -> Vec<String> {
    urls((0..count).map(|n| n.to_string()))
}

#[test]
fn agents_share_an_edge_and_its_jobs_whoever_took_them_in() {
    let edge = edge();
    let Some(fleet) = Fleet::start(Login::Open) else { return };
    let (one, two) = (fleet.agent(&edge, &[]), fleet.agent(&edge, &[]));
    let desk = fleet.agent(&edge, &["--agent-work=false"]);
    let id = desk.submit(&json!({"action": "warm", "urls": numbered(600)}));
    let other = one.submit(&json!({"action": "purge", "urls": urls(["x".into()])}));
    let job = desk.over(&id);
    assert_eq!((&job["state"], &job["rows"]["succeeded"]), (&json!("succeeded"), &json!(600)), "{job}");
    assert_eq!(one.over(&other)["state"], "succeeded");
    for n in 0..600 {
        assert_eq!(edge.asked(&format!("/{n}")).get, 1, "/{n} was done by one of them");
    }
    assert!(requests(&one) > 0 && requests(&two) > 0, "{} and {}", of_edge(&one), of_edge(&two));
    assert_eq!((requests(&desk), &of_edge(&desk)["presence"]), (0, &json!("elsewhere")));
}

#[test]
fn an_agent_that_leaves_gives_its_rows_to_those_who_stay() {
    let edge = edge();
    let Some(fleet) = Fleet::start(Login::Open) else { return };
    let gate = Gate::new();
    edge.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    let stays = fleet.agent(&edge, &["--agent-work=false"]);
    let mut leaves = fleet.agent(&edge, &[]);
    let id = stays.submit(&json!({"action": "warm", "urls": numbered(60)}));
    assert!(poll(|| edge.asked("/0").get > 0), "{}", leaves.server.said());
    leaves.server.signal(Signal::TERM).unwrap();
    assert_eq!(leaves.server.wait(PATIENCE).unwrap().code(), Some(0), "{}", leaves.server.said());
    edge.script().clear();
    gate.open();
    let _comes = fleet.agent(&edge, &[]);
    assert_eq!(stays.over(&id)["rows"]["succeeded"], 60);
    assert!(stays.rows(&id, "").iter().all(|row| row["attempts"] == 1), "to be left costs no tries");
}

#[test]
fn a_nats_that_is_killed_under_load_and_comes_back_even_empty_loses_nothing() {
    let edge = edge();
    let Some(mut fleet) = Fleet::start(Login::Open) else { return };
    let agents = [fleet.agent(&edge, &[]), fleet.agent(&edge, &[])];
    let part = |n: u32| urls((0..5000).map(|m| format!("{n}-{m}")));
    let jobs: Vec<_> =
        (0..4).map(|n| agents[0].submit(&json!({"action": "purge", "urls": part(n)}))).collect();
    let done = |id: &String| agents[0].job(id)["rows"]["succeeded"].as_u64().unwrap();
    let done = || jobs.iter().map(done).sum::<u64>();
    for (enough, is_emptied) in [(500, false), (4000, true)] {
        assert!(poll(|| done() >= enough), "{}", done());
        fleet.kill();
        assert!(done() < 20_000, "there is something left to lose");
        for agent in &agents {
            assert!(poll(|| ready(agent).0 == 503), "{}", agent.server.said());
            assert!(ready(agent).1.contains("NATS"), "{}", ready(agent).1);
            assert_eq!(of_edge(agent)["queue"], "away");
            let is_logged = || agent.server.said().contains("the connection to NATS broke");
            assert!(poll(is_logged), "{}", agent.server.said());
        }
        // What is taken in meanwhile is kept like everything else.
        let meanwhile = agents[1].submit(&json!({"action": "purge", "urls": urls(["meanwhile".into()])}));
        if is_emptied {
            fs::remove_dir_all(fleet.store()).unwrap();
        }
        fleet.restart();
        assert_eq!(agents[1].over(&meanwhile)["state"], "succeeded");
    }
    for id in &jobs {
        let job = agents[0].over(id);
        assert_eq!((&job["state"], &job["rows"]["succeeded"]), (&json!("succeeded"), &json!(5000)), "{job}");
    }
    assert!(agents.iter().all(|agent| ready(agent).0 == 200));
}

#[test]
fn an_agent_takes_jobs_in_while_its_nats_is_not_there_yet_and_does_them_when_it_is() {
    let edge = edge();
    let Some(mut fleet) = Fleet::start(Login::Open) else { return };
    fleet.kill();
    let agent = fleet.agent(&edge, &[]);
    assert!(poll(|| agent.server.said().contains("NATS is waited for")), "{}", agent.server.said());
    let (status, why) = ready(&agent);
    assert!(status == 503 && why.contains("no connection to the NATS"), "{status} {why}");
    assert_eq!(of_edge(&agent)["queue"], "away");
    let id = agent.submit(&json!({"action": "purge", "urls": urls(["x".into()])}));
    fleet.restart();
    assert_eq!(agent.over(&id)["state"], "succeeded");
    assert_eq!(ready(&agent).0, 200);
}

#[test]
fn a_nats_that_cannot_be_used_is_said_in_one_line_and_no_secret_with_it() {
    let edge = edge();
    let login = Login::User("fleet".into(), SECRET.into());
    let Some(fleet) = Fleet::start(login) else { return };
    let home = tempfile::tempdir().unwrap();
    let start = |words: &[&str]| {
        let edge = format!("--edge=http://{} kind=ats name=a", edge.addr());
        let words: Vec<_> = [&[edge.as_str()], words].concat().iter().map(ToString::to_string).collect();
        let output = command(&home, &words).output().unwrap();
        let said = stderr(&output);
        assert_eq!(said.lines().filter(|line| line.starts_with("forebay: ")).count(), 1, "{said}");
        assert!(!said.contains(SECRET), "{said}");
        (output.status.code(), said)
    };
    let refused = |words: &[&str], code: i32, why: &str| {
        let (ended, said) = start(words);
        assert!(ended == Some(code) && said.contains(why), "{ended:?}: {said}");
    };
    let nats = format!("--agent-nats=nats://{}", fleet.nats.addr());
    refused(&[&nats], 2, "refuses the credentials");
    fs::write(home.path().join("wrong"), format!("{SECRET}\n")).unwrap();
    refused(&[&nats, "--agent-nats-login=wrong"], 2, "refuses the credentials");
    fs::write(home.path().join("odd"), format!("a\nb\n{SECRET}\n")).unwrap();
    refused(&[&nats, "--agent-nats-login=odd"], 2, "agent-nats-login odd: give a token");
    refused(&["--agent-nats=nats://fleet:a-secret@127.0.0.1:4222"], 2, "--agent-nats-login");
    refused(&["--agent-work=false"], 2, "agent-nats");
    let dir = tempfile::tempdir().unwrap();
    let poor = Nats::configure(dir.path(), JetStream::Off, Login::Open).unwrap();
    let _poor = poor.start().unwrap();
    refused(&[&format!("--agent-nats=nats://{}", poor.addr())], 2, "no JetStream");

    fs::write(home.path().join("right"), format!("fleet\n{SECRET}\n")).unwrap();
    let right = format!("--agent-nats-login={}", home.path().join("right").display());
    let agent = fleet.agent(&edge, &[&right]);
    let id = agent.submit(&json!({"action": "purge", "urls": urls(["x".into()])}));
    assert_eq!(agent.over(&id)["state"], "succeeded");
    assert!(!agent.server.said().contains(SECRET));
}
