//! The program under trial, run to its end.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};

use rustix::process::Pid;

use super::killer::Killer;
use super::{AT_ONCE, PART, Trials};
use crate::fake_s3::FakeS3;

/// One run of the program.
#[derive(Debug)]
pub struct Run {
    /// Its exit code, if it came to have one.
    pub code: Option<i32>,
    /// It was ended by SIGKILL.
    pub killed: bool,
    output: Output,
}

impl Run {
    /// What it said, on both streams: with `--json` it tells its errors among the results.
    #[must_use]
    pub fn said(&self) -> String {
        let all = [&self.output.stderr[..], &self.output.stdout].concat();
        format!("{}: {}", self.output.status, String::from_utf8_lossy(&all))
    }

    /// A number that it told of its object by this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let text = String::from_utf8_lossy(&self.output.stdout);
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.find(|line| line["event"] != "progress")?[name].as_u64()
    }
}

impl Trials {
    pub(super) fn run(
        &self,
        s3: &FakeS3,
        arguments: &[String],
        killer: Option<&Killer>,
    ) -> anyhow::Result<Run> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--endpoint-url", &s3.endpoint(), "--json"]);
        command.args(["--part-size", &PART.to_string(), "--concurrency", &AT_ONCE.to_string()]);
        // No configuration of the place where this is run.
        command.current_dir(&self.dir).env_clear().env("HOME", &self.dir);
        command.env("AWS_ACCESS_KEY_ID", "trial").env("AWS_SECRET_ACCESS_KEY", "trial");
        command.env("AWS_REGION", "us-east-1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn()?;
        if let Some(killer) = killer {
            killer.aim(Pid::from_child(&child));
        }
        let output = child.wait_with_output()?;
        Ok(Run { code: output.status.code(), killed: output.status.signal() == Some(9), output })
    }
}
