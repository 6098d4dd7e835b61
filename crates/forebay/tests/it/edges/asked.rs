//! The program on a scripted edge, and what it said.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use forebay_testkit::{
    edges::ats::Via,
    fake_edge::{FakeEdge, Flavour},
};
use serde_json::Value;

use crate::run::{forebay, stderr};

/// The bytes of every object, unless something else is said.
pub(super) const OBJECT: u64 = 5000;

/// An edge of a test, and a directory to run in.
pub(super) struct Site {
    pub(super) edge: FakeEdge,
    pub(super) dir: tempfile::TempDir,
}

/// What the program said in JSON.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) rows: Vec<Value>,
    pub(super) bad: Vec<Value>,
    pub(super) summary: Value,
    pub(super) stderr: String,
}

/// A public URL.
pub(super) fn url(path: &str) -> String {
    format!("http://www.example.test{path}")
}

/// The words of an edge that speaks like Traffic Server.
pub(super) fn at(edge: &FakeEdge) -> String {
    format!("http://{} kind=ats", edge.addr())
}

impl Site {
    /// An edge that speaks like Traffic Server and has an object at every path.
    pub(super) fn new() -> Self {
        Self::of(FakeEdge::start(Flavour::Ats(Via::Codes)).unwrap())
    }

    pub(super) fn of(edge: FakeEdge) -> Self {
        edge.put_everywhere(OBJECT);
        Self { edge, dir: tempfile::tempdir().unwrap() }
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The program with these words, and with this edge.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = program(words);
        command.args(["--edge", &at(&self.edge)]).current_dir(self.dir.path());
        command
    }

    pub(super) fn json(&self, words: &[&str]) -> Said {
        json(self.command(words))
    }

    /// One URL that fails: its class, and what was said about it.
    pub(super) fn failure(&self, words: &[&str]) -> (String, String) {
        let said = self.json(words);
        assert_eq!((said.code, said.rows.len()), (1, 1), "{said:?}");
        let row = &said.rows[0];
        assert_eq!(row["outcome"], "failed", "{row}");
        (row["class"].as_str().unwrap().to_owned(), row["message"].as_str().unwrap().to_owned())
    }
}

/// The program with these words. What never ends is ended.
pub(super) fn program(words: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--foreground", "60"]).arg(forebay().get_program()).args(words);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        !name.starts_with("FOREBAY_") && !name.starts_with("AWS_")
    }));
    command
}

/// Runs it to its end, with lines of JSON.
pub(super) fn json(mut command: Command) -> Said {
    Said::of(&command.arg("--json").output().unwrap())
}

impl Said {
    pub(super) fn of(output: &Output) -> Self {
        let (mut rows, mut bad, mut summary) = (Vec::new(), Vec::new(), Value::Null);
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let event = line.as_object_mut().unwrap().remove("event").unwrap();
            match event.as_str().unwrap() {
                "url" => rows.push(line),
                "bad_url" => bad.push(line),
                _ => summary = line,
            }
        }
        let code = output.status.code().unwrap_or(-1);
        assert!(summary.is_null() || summary["exit"] == code, "{code}: {summary}");
        Self { code, rows, bad, summary, stderr: stderr(output) }
    }

    /// How each path ended, by edge and path.
    pub(super) fn ends(&self) -> BTreeMap<(String, String), String> {
        let end = |row: &Value| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let path = text("url").split('/').skip(3).collect::<Vec<_>>().join("/");
            let end = if row["class"].is_null() { text("outcome") } else { text("class") };
            ((text("edge"), path), end)
        };
        let ends: BTreeMap<_, _> = self.rows.iter().map(end).collect();
        assert_eq!(ends.len(), self.rows.len(), "each URL ends once on each edge");
        ends
    }

    /// How often each word is the end of a URL.
    pub(super) fn words(&self) -> BTreeMap<String, u64> {
        let mut words = BTreeMap::new();
        for end in self.ends().into_values() {
            *words.entry(end).or_default() += 1;
        }
        words
    }
}
