//! Starting the program, and roots for it to serve.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use forebay_testkit::process::Server;

/// A root with one small file and one that no socket buffer holds.
pub(crate) struct Root {
    pub(crate) dir: tempfile::TempDir,
}

impl Root {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("small.txt"), "a small file\n").unwrap();
        fs::File::create(dir.path().join("large")).unwrap().set_len(256 << 20).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `forebay serve ROOT` on free ports, with these words after it.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = forebay();
        command.arg("serve").arg(self.path()).args(["--listen", "127.0.0.1:0"]);
        command.args(["--memory", "64MiB"]).args(words).current_dir(self.path());
        command
    }

    /// A server that is ready.
    pub(crate) fn serve(&self, words: &[&str]) -> Server {
        Server::start(self.command(&[&["--admin", "127.0.0.1:0"], words].concat())).unwrap()
    }
}

/// The program, away from any configuration of this machine.
pub(crate) fn forebay() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FOREBAY_")) {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end in an empty directory.
pub(crate) fn run(words: &[&str]) -> Output {
    run_with(words, &[])
}

pub(crate) fn run_with(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    let program = forebay();
    // A server that was to be refused and is not would never end.
    let mut command = Command::new("timeout");
    command.arg("20").arg(program.get_program()).args(words).current_dir(nowhere.path());
    command.envs(variables.iter().copied()).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The body of a GET on the admin listener.
pub(crate) fn admin(addr: SocketAddr, target: &str) -> (u16, String) {
    let response = forebay_testkit::raw::get(addr, target).unwrap();
    (response.head.status, String::from_utf8(response.body).unwrap())
}

/// Whether the condition comes true in time; looked at step by step.
pub(crate) fn poll(mut condition: impl FnMut() -> bool) -> bool {
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    clock.block_on(async {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..400 {
            tick.tick().await;
            if condition() {
                return true;
            }
        }
        false
    })
}
