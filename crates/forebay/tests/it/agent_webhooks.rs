//! Who is told that a job is over, by the agent as a program.

use std::{fs, process::Command};

use forebay_testkit::{
    fake::{Fault, When},
    fake_receiver::{FakeReceiver, Heard},
    notice,
};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, command, edge, urls},
    run::{poll, stderr, stdout},
};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// An agent that may tell this receiver, and its secret.
struct Telling {
    agent: Agent,
    receiver: FakeReceiver,
    _edge: forebay_testkit::fake_edge::FakeEdge,
    _secret: tempfile::NamedTempFile,
}

fn telling() -> Telling {
    let (edge, receiver) = (edge(), FakeReceiver::start().unwrap());
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), format!("# of the year\n{SECRET}\n")).unwrap();
    let to = format!("--agent-webhook-to={}", receiver.url("/hooks/"));
    let file = format!("--agent-webhook-secret-file={}", secret.path().display());
    let agent = Agent::start(&[("name=a", &edge)], &[&to, &file]);
    Telling { agent, receiver, _edge: edge, _secret: secret }
}

/// What the recipe of docs/agent.md computes; nothing where there is no openssl.
fn by_recipe(heard: &Heard) -> Option<String> {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/agent.md")).unwrap();
    let mut blocks = docs.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let (recipe, _) = blocks.find(|(block, _)| block.contains("openssl dgst")).unwrap();
    Command::new("openssl").arg("version").output().ok()?;
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("body"), &heard.body).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", recipe]).current_dir(home.path()).env("SECRET", SECRET);
    for (variable, name) in [("ID", "webhook-id"), ("TIMESTAMP", "webhook-timestamp")] {
        shell.env(variable, heard.head.field(name).unwrap());
    }
    Some(stdout(&shell.output().unwrap()).trim().to_owned())
}

#[test]
fn who_is_told_of_a_jobs_end_can_tell_who_tells() {
    let Telling { agent, receiver, .. } = &telling();
    let hook = receiver.url("/hooks/release?key=of-the-receiver");
    let submitted = agent.jobs(&[
        "submit",
        "warm",
        "http://www.example.test/1",
        "--label",
        "release",
        "--webhook",
        &hook,
    ]);
    let id = stdout(&submitted).trim().to_owned();
    assert!(poll(|| receiver.heard().len() == 1), "{}\n{}", stderr(&submitted), agent.server.said());
    let heard = &receiver.heard()[0];
    match by_recipe(heard) {
        Some(signature) => assert_eq!(heard.head.field("webhook-signature"), Some(signature.as_str())),
        None => notice::skipped("no openssl to check the signature of a webhook with"),
    }
    let body: Value = serde_json::from_slice(&heard.body).unwrap();
    assert_eq!((&body["data"]["id"], &body["data"]["state"]), (&json!(id), &json!("succeeded")));
    assert!(poll(|| agent.job(&id)["webhook"]["state"] == "delivered"), "{}", agent.job(&id));
    let shown = stdout(&agent.jobs(&["show", &id]));
    assert!(shown.contains("delivered") && !shown.contains("of-the-receiver"), "{shown}");
    assert!(stdout(&agent.jobs(&["list", "--webhook", "delivered", "--label", "release"])).contains(&id));
    assert_eq!(stdout(&agent.jobs(&["list", "--webhook", "undelivered"])), "");
    assert!(!agent.server.said().contains("of-the-receiver") && !agent.server.said().contains("AAECAwQ"));
}

#[test]
fn an_end_that_was_not_heard_is_told_by_the_next_process() {
    let Telling { mut agent, receiver, _edge, _secret } = telling();
    receiver.script().push(When::any().times(2), Fault::internal_error());
    let hook = receiver.url("/hooks/1");
    let id = agent.submit(&json!({"action": "purge", "urls": urls(["1".into()]), "webhook": hook}));
    assert!(poll(|| agent.job(&id)["webhook"]["tries"].as_u64().unwrap() >= 1), "{}", agent.job(&id));
    agent.kill();
    assert!(poll(|| agent.job(&id)["webhook"]["state"] == "delivered"), "{}", agent.job(&id));
    let ids: Vec<_> =
        receiver.seen().iter().map(|seen| seen.head.field("webhook-id").unwrap().to_owned()).collect();
    assert!(ids.len() >= 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(receiver.heard().len(), 1);
}

#[test]
fn nobody_is_told_but_those_whom_the_operator_named() {
    let Telling { agent, receiver, .. } = &telling();
    let submit = |agent: &Agent, hook: &str| {
        let job = json!({"action": "purge", "urls": urls(["1".into()]), "webhook": hook});
        agent.ask("POST", "/v1/jobs", "Content-Type: application/json\r\n", &job.to_string())
    };
    for hook in ["http://169.254.169.254/latest/", &receiver.url("/other"), &receiver.url("/hooks/../x"), "x"]
    {
        let (status, problem) = submit(agent, hook);
        assert_eq!((status, &problem["type"]), (422, &json!("urn:forebay:problem:webhook")), "{problem}");
    }
    let edge = edge();
    let silent = Agent::start(&[("name=a", &edge)], &[]);
    let (status, problem) = submit(&silent, &receiver.url("/hooks/1"));
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("--agent-webhook-to"), "{problem}");
    assert!(receiver.seen().is_empty());
    let refused = |words: &[&str], why: &str| {
        let words: Vec<_> =
            ["--edge=http://127.0.0.1:1"].iter().chain(words).map(|it| (*it).to_owned()).collect();
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("short"), "whsec_c2hvcnQ=\n").unwrap();
        let output = command(&home, &words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    };
    refused(&["--agent-webhook-to", "https://ci.example.test/"], "--agent-webhook-secret-file");
    refused(
        &["--agent-webhook-to", "ci.example.test", "--agent-webhook-secret-file", "short"],
        "agent-webhook-to",
    );
    refused(&["--agent-webhook-secret-file", "short"], "openssl rand -base64 32");
    refused(&["--agent-webhook-secret-file", "none"], "agent-webhook-secret-file none");
}
