//! The agent's interface is what its description says: tried by a tool that reads nothing else.

use std::process::Command;

use forebay_testkit::notice;

use crate::agent::{Agent, TOKEN, edge};

/// Cases of each operation in each phase; with so many the tool takes half a minute.
const EXAMPLES: &str = "30";

#[test]
fn a_tool_that_reads_the_description_finds_no_answer_that_it_does_not_allow() {
    if Command::new("schemathesis").arg("--version").output().is_err() {
        return notice::skipped("no schemathesis to try the agent's interface with");
    }
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemathesis");
    let mut tool = Command::new("schemathesis");
    tool.args(["--config-file", &format!("{here}/schemathesis.toml"), "run"])
        .arg(format!("http://{}/v1/openapi.json", agent.server.addr))
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--max-examples", EXAMPLES, "--seed", "20", "--no-color", "--workers", "1"])
        .env("SCHEMATHESIS_HOOKS", "bodies")
        .env("PYTHONPATH", here)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(agent.home.path());
    let output = tool.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let went_on = said.contains("API Links") && !said.contains(" 0 covered");
    assert!(went_on, "jobs were taken in, and what follows was tried: {said}");
}
