//! A bucket to move objects to and from, and the program as it meets it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use forebay_testkit::{fake_s3::FakeS3, pattern::Pattern};

use crate::run::{forebay, stderr, stdout};

/// Nothing that is printed, logged or left on a disk may hold it.
pub(crate) const SECRET: &str = "Sekrit0fTheTestThatNobodyMayEverSee";

/// The bytes of objects.
pub(crate) const PATTERN: Pattern = Pattern::new(7);

/// A fake S3 and a directory of this machine.
pub(crate) struct Bucket {
    pub(crate) s3: FakeS3,
    dir: tempfile::TempDir,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self::of(FakeS3::start().unwrap())
    }

    /// In this store.
    pub(crate) fn of(s3: FakeS3) -> Self {
        s3.create_bucket("bucket");
        Self { s3, dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, its directories too.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The program with these words, in the directory, with a name for the store.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = away_from_aws(forebay());
        command.args(words).current_dir(self.dir.path());
        command.env("FOREBAY_ENDPOINT_URL", self.s3.endpoint());
        command.env("AWS_ACCESS_KEY_ID", "AKIDOFTHETEST").env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().unwrap();
        no_secret(&output);
        output
    }

    /// Runs it, and it has to go well.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// What it says when it refuses: the exit code and one line.
    pub(crate) fn refusal(&self, words: &[&str]) -> (i32, String) {
        let output = self.run(words);
        assert!(stdout(&output).is_empty(), "{}", stdout(&output));
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
        (output.status.code().unwrap(), said.trim_end().replace(&self.s3.endpoint(), "ENDPOINT"))
    }

    /// Every file below the directory, temporary ones too.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn below(dir: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { below(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        below(self.dir.path(), &mut found);
        found.sort();
        found
    }
}

/// Without anything that this machine knows of AWS.
pub(crate) fn away_from_aws(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"] {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

/// The secret is nowhere in what was printed.
pub(crate) fn no_secret(output: &Output) {
    let all = format!("{}{}", stdout(output), stderr(output));
    assert!(!all.contains(SECRET), "{all}");
}
