//! The agent's HTTP interface.

use forebay_testkit::fake::{Fault, Gate, Verb, When};
use serde_json::{Value, json};

use crate::agent::{Agent, ask, edge, urls};

const JSON: &str = "Content-Type: application/json\r\n";
const PLAIN: &str = "Content-Type: text/plain\r\n";

#[test]
fn a_request_that_comes_twice_under_one_key_is_one_job() {
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let fields = format!("{JSON}Idempotency-Key: my-own\r\n");
    let submit = |path: &str| {
        let job = json!({"action": "purge", "urls": urls([path.to_owned()])});
        agent.ask("POST", "/v1/jobs", &fields, &job.to_string())
    };
    let (first, again, other) = (submit("x"), submit("x"), submit("y"));
    assert_eq!((first.0, again.0, other.0), (201, 200, 409));
    assert_eq!(first.1["id"], again.1["id"]);
    assert_eq!(other.1["type"], "urn:forebay:problem:idempotency-conflict");
    agent.over(first.1["id"].as_str().unwrap());
    assert_eq!(edge.asked("/x").purge, 1);
}

#[test]
fn bad_lines_are_listed_and_the_rest_goes_on() {
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let list = "http://www.example.test/1\n\nnonsense\n# remark\nhttp://www.example.test/2\nftp://x/\n";
    let (status, answer) = agent.ask("POST", "/v1/jobs?action=purge&edge=a", PLAIN, list);
    assert_eq!((status, &answer["urls"], &answer["rejected_count"]), (201, &json!(2), &json!(2)), "{answer}");
    assert_eq!((&answer["rejected"][0]["line"], &answer["rejected"][1]["line"]), (&json!(3), &json!(6)));
    let list = "{\"action\":\"purge\",\"priority\":9}\n\"http://www.example.test/3\"\n{\"url\":\"http://www.example.test/4\"}\n7\n";
    let (status, answer) = agent.ask("POST", "/v1/jobs", "Content-Type: application/x-ndjson\r\n", list);
    assert_eq!(
        (status, &answer["urls"], &answer["rejected"][0]["line"]),
        (201, &json!(2), &json!(4)),
        "{answer}"
    );
    let (status, answer) = agent.ask("POST", "/v1/jobs?action=purge", PLAIN, "nonsense\n");
    assert_eq!((status, &answer["rejected"][0]["line"]), (422, &json!(1)), "{answer}");
}

#[test]
fn what_is_wrong_with_a_request_is_named() {
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &["--agent-body-max", "1KiB"]);
    let refused = |method: &str, target: &str, fields: &str, body: &str, status: u16, word: &str| {
        let (seen, problem) = agent.ask(method, target, fields, body);
        assert_eq!(seen, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    };
    let long = "http://www.example.test/1\n".repeat(100);
    refused("POST", "/v1/jobs?action=purge&edge=b,c", PLAIN, "", 422, "b, c");
    refused("POST", "/v1/jobs?action=prge", PLAIN, "", 400, "action");
    refused("POST", "/v1/jobs?action=purge&prio=3", PLAIN, "", 400, "prio");
    refused("POST", "/v1/jobs?action=purge&priority=10", PLAIN, "", 400, "0 to 9");
    refused("POST", "/v1/jobs?action=purge&at=soon", PLAIN, "", 400, "at: ");
    refused("POST", "/v1/jobs?action=purge", PLAIN, &long, 413, "1024 bytes");
    refused("POST", "/v1/jobs", JSON, "{", 400, "the job");
    refused("POST", "/v1/jobs", "Content-Type: image/png\r\n", "", 415, "text/plain");
    refused("GET", "/v1/dead-letters?format=csv&limit=7", "", "", 422, "pages");
    refused("GET", "/v1/dead-letters?format=csv&limit=x", "", "", 400, "1 to 1000");
    refused("POST", "/v1/jobs", "Content-Type: application/x-ndjson\r\n", "nonsense\n", 422, "first line");
    refused("GET", "/v1/jobs?limit=0", "", "", 400, "1 to 1000");
    refused("GET", "/v1/jobs?cursor=x", "", "", 400, "cursor");
    refused("GET", "/v1/jobs/nonsense", "", "", 404, "no such job");
    refused("GET", "/nonsense", "", "", 404, "openapi");
    refused("DELETE", "/v1/jobs", "", "", 405, "Allow");
    refused("POST", "/v1/jobs?action=purge", JSON, "{}", 422, "text/plain");
    refused("POST", "/v1/jobs", PLAIN, "http://www.example.test/1", 422, "action");
    refused("POST", "/v1/jobs?action=warm&variant=Host:%20x", PLAIN, "", 422, "Host: x");
    refused("POST", "/v1/jobs?action=warm&variant=gzip", PLAIN, "", 422, "header field");
    refused("POST", "/v1/jobs?action=purge&digest=true", PLAIN, "", 422, "digest");
    refused("POST", "/v1/jobs?action=purge&window=02:00-02:00", PLAIN, "", 422, "no length");
    let open = |target: &str| ask(&agent.server, "GET", target, "", "").0;
    assert_eq!((open("/v1/jobs"), open("/v1/openapi.json")), (401, 200));
    assert!(!agent.server.said().contains(crate::agent::TOKEN));
}

#[test]
fn a_job_says_what_it_warms_and_how_far_that_is_proved() {
    let edge = edge();
    let agent =
        Agent::start(&[("name=a", &edge)], &["--variant", "X-Of-The-Settings: 1", "--proof", "never"]);
    let asked = |path: &str| -> Vec<_> {
        let seen = edge.seen();
        let of = seen.into_iter().filter(|seen| seen.target.key == path);
        of.map(|seen| (seen.target.verb, seen.head)).collect()
    };
    let submit = |words: &[&str]| {
        let submitted = agent.jobs(&[&["submit", "warm"], words].concat());
        assert_eq!(submitted.status.code(), Some(0), "{}", crate::run::stderr(&submitted));
        let id = crate::run::stdout(&submitted).trim().to_owned();
        assert_eq!(agent.over(&id)["state"], "succeeded");
        id
    };
    submit(&["http://www.example.test/settings"]);
    assert_eq!(asked("/settings").iter().filter(|(verb, _)| *verb == Verb::Get).count(), 1);
    assert!(asked("/settings").iter().all(|(_, head)| head.field("x-of-the-settings") == Some("1")));
    let id = submit(&[
        "http://www.example.test/own",
        "--variant",
        "Accept-Encoding: gzip, br",
        "--variant",
        "Accept-Encoding: identity",
        "--proof",
        "always",
        "--digest",
    ]);
    let own = asked("/own");
    let gets: Vec<_> = own.iter().filter(|(verb, _)| *verb == Verb::Get).collect();
    let encodings: Vec<_> =
        gets.iter().map(|(_, head)| head.field("accept-encoding").unwrap().to_owned()).collect();
    assert_eq!(encodings, ["gzip, br", "identity"]);
    assert!(own.iter().any(|(verb, _)| *verb == Verb::Look), "it is proved");
    let row = &agent.rows(&id, "")[0];
    assert!(row["digest"].as_str().unwrap().starts_with("sha256:"), "{row}");
    // A label is found by all of it.
    submit(&["http://www.example.test/labelled", "--label", "release 7"]);
    let labelled = |label: &str| crate::run::stdout(&agent.jobs(&["list", "--label", label])).lines().count();
    assert_eq!((labelled("release 7"), labelled("release")), (1, 0));
}

#[test]
fn a_job_that_is_cancelled_is_not_done() {
    let edge = edge();
    let gate = Gate::new();
    edge.script().push(When::verb(Verb::Get).always(), Fault::Hang(gate.clone()));
    let agent = Agent::start(&[("name=a", &edge)], &["--edge-bulk", "1"]);
    let id = agent.submit(&json!({"action": "warm", "urls": urls((0..30).map(|n| n.to_string()))}));
    assert!(gate.wait_blocking(1, std::time::Duration::from_secs(20)));
    let (status, _) = agent.ask("POST", &format!("/v1/jobs/{id}/cancel"), "", "");
    assert_eq!(status, 200);
    gate.open();
    edge.script().clear();
    let job = agent.over(&id);
    assert_eq!(job["state"], "cancelled", "{job}");
    assert!(job["rows"]["cancelled"].as_u64().unwrap() > 0, "{job}");
    let (status, problem) = agent.ask("POST", &format!("/v1/jobs/{id}/retry"), "", "");
    assert_eq!((status, &problem["type"]), (409, &json!("urn:forebay:problem:cancelled")));
}

#[test]
fn a_hundred_thousand_urls_are_streamed_in_and_out_through_a_fixed_amount_of_memory() {
    let edge = edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let before = agent.server.figures().anon;
    let list: String =
        (0..100_000).map(|n| format!("http://www.example.test/a/rather/long/path/to/object-{n}\n")).collect();
    // Tomorrow, so that only the taking in is measured.
    let tomorrow = "/v1/jobs?action=purge&at=2100-01-01T00:00:00Z";
    let (status, answer) = agent.ask("POST", tomorrow, PLAIN, &list);
    assert_eq!((status, &answer["urls"]), (201, &json!(100_000)), "{answer}");
    let id = answer["id"].as_str().unwrap();
    let export = |form: &str| {
        let target = format!("/v1/jobs/{id}/urls?format={form}");
        let fields = format!("Authorization: Bearer {}\r\n", crate::agent::TOKEN);
        let mut connection = forebay_testkit::raw::RawConn::connect(agent.server.addr).unwrap();
        let answer = connection.request("GET", &target, &fields).unwrap();
        String::from_utf8(answer.body).unwrap()
    };
    let rows = export("ndjson");
    assert_eq!(rows.lines().count(), 100_000);
    let last: Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
    assert_eq!((&last["state"], &last["edge"]), (&json!("waiting"), &json!("a")));
    assert_eq!(export("csv").lines().count(), 100_001);
    let grown = agent.server.figures().anon.saturating_sub(before);
    assert!(grown < 24 << 20, "the list has {} bytes, and the agent grew by {grown}", list.len());
}
