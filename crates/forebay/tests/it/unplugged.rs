//! The cable is pulled in the middle of it: no reset, no end, only silence. It is plugged in again, or never.
//!
//! The moment is a byte of a request, and what is waited for is a state of a socket, so nothing here depends on how fast the machine is.

use std::{
    fs,
    process::{Child, Output, Stdio},
    time::Duration,
};

use forebay_testkit::{
    admin::{MemoryReport, wait_until_at_rest},
    cable::Cable,
    fake::{Action, Fault, Verb, When},
    fake_s3::{Draft, FakeS3},
    notice,
    process::Server,
    raw,
    response::End,
    sockets::Sockets,
};

use crate::{
    bucket::{Bucket, PATTERN},
    run::{poll, stderr, stdout},
};

const BIG: u64 = 40 << 20;
/// Silence is noticed soon, so that tests are short. With the defaults it takes a minute.
const LIMITS: [&str; 4] = ["--read-timeout", "1s", "--connect-timeout", "1s"];
const PARTS: [&str; 5] = ["--part-size", "5MiB", "--concurrency", "3", "--json"];
const GET: [&str; 3] = ["get", "s3://bucket/big", "big"];
const PUT: [&str; 3] = ["put", "big", "s3://bucket/big"];

/// A bucket at the other end of a cable.
struct Far {
    bucket: Bucket,
    cable: Cable,
}

impl Far {
    fn new() -> Option<Self> {
        let cable = Cable::lay().map_err(|why| notice::skipped(format!("{why}; run as root"))).ok()?;
        let s3 = cable.far.inside(|| FakeS3::start_at(cable.far.ip())).unwrap();
        Some(Self { bucket: Bucket::of(s3), cable })
    }

    /// Pulls the cable when the store has sent a mebibyte of the third answer.
    fn pull_while_sending(&self) {
        self.bucket.s3.put("bucket", "big", Draft::pattern(PATTERN, BIG));
        let pulled = Fault::meanwhile(1 << 20, self.cable.puller());
        self.bucket.s3.script().push(When::get("big").after(2), pulled);
    }

    /// Pulls the cable when the store has taken a mebibyte of the third part.
    fn pull_while_taking(&self) {
        PATTERN.write_file(&self.bucket.path("big"), BIG).unwrap();
        let action = Action::new(self.cable.puller());
        let pulled = Fault::MeanwhileUpload { after: 1 << 20, action };
        self.bucket.s3.script().push(When::verb(Verb::Part).after(2), pulled);
    }

    fn start(&self, words: &[&str]) -> Child {
        let mut command = self.bucket.command(&[words, &PARTS, &LIMITS].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.cable.near.inside(|| command.spawn()).unwrap()
    }

    /// Runs it to its end, of which there must be one.
    fn run(&self, words: &[&str]) -> (Output, serde_json::Value) {
        end(self.start(words))
    }

    /// Runs it until it has noticed the silence and knocks again, then puts the cable back.
    fn run_until_it_knocks(&self, words: &[&str]) -> (Output, serde_json::Value) {
        let child = self.start(words);
        let knocks = poll(|| Sockets::of(child.id()).connecting > 0);
        self.cable.plug().unwrap();
        let ended = end(child);
        assert!(knocks, "the silence was not noticed: {}", stderr(&ended.0));
        ended
    }
}

/// The output, and what it says of the object.
fn end(mut child: Child) -> (Output, serde_json::Value) {
    let ends = poll(|| child.try_wait().unwrap().is_some());
    if !ends {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ends, "it does not end: {}", stderr(&output));
    let text = stdout(&output);
    let mut lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told = lines.find(|line| line["event"] != "progress");
    (output, told.unwrap_or_else(|| panic!("it says nothing of the object: {text}")))
}

fn is_whole(far: &Far) {
    let bytes = fs::read(far.bucket.path("big")).unwrap();
    assert_eq!((bytes.len() as u64, PATTERN.check(0, &bytes)), (BIG, Ok(())));
    assert_eq!(far.bucket.files().len(), 1, "{:?}", far.bucket.files());
}

fn is_stored(far: &Far) {
    let object = far.bucket.s3.object("bucket", "big").unwrap();
    assert_eq!((object.content.len(), object.content.check(PATTERN)), (BIG, Ok(())));
    assert!(far.bucket.s3.uploads("bucket").is_empty());
}

/// Fails as something that another run may go on with, and says so.
fn is_left(output: &Output, told: &serde_json::Value) {
    assert_eq!((output.status.code(), &told["kind"]), (Some(1), &"unavailable".into()), "{told}");
    assert!(told.to_string().contains("run the same command again to go on"), "{told}");
}

#[test]
fn a_download_goes_on_when_the_cable_is_back() {
    let Some(far) = Far::new() else { return };
    far.pull_while_sending();
    let (output, told) = far.run_until_it_knocks(&GET);
    assert_eq!(output.status.code(), Some(0), "{told}");
    is_whole(&far);
}

#[test]
fn a_download_whose_cable_stays_out_ends_and_can_be_gone_on_with() {
    let Some(far) = Far::new() else { return };
    far.pull_while_sending();
    let (output, told) = far.run(&GET);
    is_left(&output, &told);
    assert!(!far.bucket.path("big").exists());

    far.cable.plug().unwrap();
    let (output, told) = far.run(&GET);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told["resumed"].as_u64().unwrap() >= 5 << 20, "{told}");
    is_whole(&far);
}

#[test]
fn an_upload_goes_on_when_the_cable_is_back() {
    let Some(far) = Far::new() else { return };
    far.pull_while_taking();
    let (output, told) = far.run_until_it_knocks(&PUT);
    assert_eq!(output.status.code(), Some(0), "{told}");
    is_stored(&far);
}

#[test]
fn an_upload_whose_cable_stays_out_ends_and_can_be_gone_on_with() {
    let Some(far) = Far::new() else { return };
    far.pull_while_taking();
    let (output, told) = far.run(&PUT);
    is_left(&output, &told);
    assert!(far.bucket.s3.object("bucket", "big").is_none());

    far.cable.plug().unwrap();
    let (output, told) = far.run(&PUT);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told["resumed"].as_u64().unwrap() >= 5 << 20, "{told}");
    is_stored(&far);
}

#[test]
fn a_server_whose_cable_to_the_store_stays_out_ends_the_answer_and_holds_nothing() {
    let Some(far) = Far::new() else { return };
    far.bucket.s3.put("bucket", "big", Draft::pattern(PATTERN, BIG));
    let words = ["serve", "s3://bucket/", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let command = far.bucket.command(&[&words[..], &["--memory", "96MiB"], &LIMITS].concat());
    far.cable.near.inside(|| {
        let server = Server::start(command).unwrap();
        let operators = server.admin.unwrap();
        // What is kept to be used again is there already.
        assert_eq!(raw::get(server.addr, "/big").unwrap().end, End::Complete);
        let rest = MemoryReport::read(operators).unwrap();
        let before = server.figures().fds;
        let pulled = Fault::meanwhile(1 << 20, far.cable.puller());
        far.bucket.s3.script().push(When::get("big"), pulled);
        let cut = raw::get(server.addr, "/big").unwrap();
        assert!(cut.end != End::Complete && (cut.body.len() as u64) < BIG, "{:?}", cut.end);
        assert_eq!(PATTERN.check(0, &cut.body), Ok(()));

        let idle = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        idle.block_on(wait_until_at_rest(operators, &rest, Duration::from_secs(20))).unwrap();
        assert!(
            poll(|| server.figures().fds <= before),
            "{} descriptors, {before} before",
            server.figures().fds
        );
        far.cable.plug().unwrap();
        let again = raw::get(server.addr, "/big").unwrap();
        assert_eq!((again.end, again.body.len() as u64), (End::Complete, BIG));
        assert_eq!(PATTERN.check(0, &again.body), Ok(()));
    });
}
