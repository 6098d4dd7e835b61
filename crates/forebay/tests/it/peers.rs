//! Other people's clients and ours, with a server of a third party between them: what they put we get, metadata included, and the
//! other way round.

use std::{io::ErrorKind, path::Path, process::Command};

use forebay_testkit::{digest, notice, pattern::Pattern, process::Server};
use serde_json::Value;

use crate::{
    bucket::away_from_aws,
    run::{forebay, stderr},
};

const PATTERN: Pattern = Pattern::new(23);
/// Enough for several parts of any client.
const LEN: u64 = 24 << 20;

/// moto's server with a bucket, a directory, and the words that each client needs.
struct World {
    moto: Server,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Option<Self> {
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", "0"]);
        let moto = match Server::start(command) {
            Ok(moto) => moto,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                notice::skipped("moto's server is not here; cargo xtask test installs it");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let world = Self { moto, dir: tempfile::tempdir().unwrap() };
        PATTERN.write_file(&world.dir.path().join("big"), LEN).unwrap();
        world.ours(&["mb", "s3://bucket"]);
        Some(world)
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.moto.addr)
    }

    /// A client in the directory, if it is installed.
    fn client(&self, program: &str) -> Option<Command> {
        let version = if program == "aws" { "--version" } else { "version" };
        let known = Command::new(program).arg(version).output();
        if !known.is_ok_and(|known| known.status.success()) {
            notice::skipped(format_args!("{program} is not here; cargo xtask test installs it"));
            return None;
        }
        Some(self.dressed(Command::new(program)))
    }

    fn dressed(&self, command: Command) -> Command {
        let mut command = away_from_aws(command);
        command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
        command.env("AWS_REGION", "us-east-1").env("HOME", self.dir.path());
        command.current_dir(self.dir.path());
        command
    }

    fn ours(&self, words: &[&str]) -> String {
        let mut command = self.dressed(forebay());
        command.env("FOREBAY_ENDPOINT_URL", self.endpoint()).args(words);
        run(command)
    }

    /// We store a file of several parts, with what goes beside it.
    fn we_put(&self, key: &str) {
        let target = format!("s3://bucket/{key}");
        let beside = ["--cache-control", "max-age=60", "--content-type", "x/y", "--metadata", "owner=me"];
        self.ours(
            &[&["put", "big", &target, "--part-size", "5MiB", "--expires", "2031-01-01"], &beside[..]]
                .concat(),
        );
    }

    /// What we say of an object.
    fn stat(&self, url: &str) -> Value {
        serde_json::from_str(&self.ours(&["stat", url, "--json"])).unwrap()
    }

    fn is_big(&self, name: &str) {
        let path = |name: &str| self.dir.path().join(name);
        assert_eq!(digest::of_file(&path(name)).unwrap(), digest::of_file(&path("big")).unwrap(), "{name}");
    }

    /// We fetch what they put, both by name and below a prefix.
    fn we_get_what_they_put(&self, prefix: &str) {
        self.ours(&[
            "get",
            &format!("s3://bucket/{prefix}/big"),
            &format!("{prefix}.got"),
            "--part-size",
            "5MiB",
        ]);
        self.is_big(&format!("{prefix}.got"));
        self.ours(&["get", &format!("s3://bucket/{prefix}/"), &format!("{prefix}.all"), "-r"]);
        self.is_big(&format!("{prefix}.all/big"));
    }
}

fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn words(mut command: Command, words: &[&str]) -> String {
    command.args(words);
    run(command)
}

fn rclone(world: &World, path: &str) -> String {
    format!(":s3,provider=Other,env_auth=true,endpoint='{}':{path}", world.endpoint())
}

#[test]
fn what_aws_puts_we_get_with_its_metadata() {
    let Some(world) = World::new() else { return };
    let Some(aws) = world.client("aws") else { return };
    let endpoint = world.endpoint();
    words(
        aws,
        &[
            "--endpoint-url",
            &endpoint,
            "s3",
            "cp",
            "--quiet",
            "big",
            "s3://bucket/aws/big",
            "--cache-control",
            "max-age=60",
            "--content-type",
            "x/y",
            "--metadata",
            "owner=me",
            "--expires",
            "2031-01-01T00:00:00Z",
        ],
    );
    world.we_get_what_they_put("aws");
    let said = world.stat("s3://bucket/aws/big");
    assert_eq!(
        (&said["bytes"], &said["cache_control"], &said["content_type"]),
        (&LEN.into(), &"max-age=60".into(), &"x/y".into())
    );
    assert_eq!(said["metadata"]["owner"], "me", "{said}");
    assert!(said["expires"].as_str().unwrap().contains("2031"), "{said}");
}

#[test]
fn what_we_put_aws_gets_with_its_metadata() {
    let Some(world) = World::new() else { return };
    let endpoint = world.endpoint();
    world.we_put("ours/big");
    let aws = |arguments: &[&str]| {
        Some(words(world.client("aws")?, &[&["--endpoint-url", &endpoint], arguments].concat()))
    };
    if aws(&["s3", "cp", "--quiet", "s3://bucket/ours/big", "aws.got"]).is_none() {
        return;
    }
    world.is_big("aws.got");
    let said = aws(&["s3api", "head-object", "--bucket", "bucket", "--key", "ours/big"]).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["CacheControl"], &said["ContentType"]),
        (&"max-age=60".into(), &"x/y".into()),
        "{said}"
    );
    assert_eq!(said["Metadata"]["owner"], "me", "{said}");
    assert!(said["Expires"].as_str().or(said["ExpiresString"].as_str()).unwrap().contains("2031"), "{said}");
}

#[test]
fn what_we_put_s5cmd_and_rclone_get() {
    let Some(world) = World::new() else { return };
    let endpoint = world.endpoint();
    world.we_put("ours/big");
    if let Some(client) = world.client("s5cmd") {
        words(client, &["--endpoint-url", &endpoint, "cp", "s3://bucket/ours/big", "s5cmd.got"]);
        world.is_big("s5cmd.got");
    }
    if let Some(client) = world.client("rclone") {
        words(client, &["copyto", "--retries", "1", &rclone(&world, "bucket/ours/big"), "rclone.got"]);
        world.is_big("rclone.got");
    }
    if let Some(client) = world.client("rclone") {
        let said = words(client, &["lsjson", "--metadata", &rclone(&world, "bucket/ours/big")]);
        let said: Value = serde_json::from_str(&said).unwrap();
        let metadata = &said[0]["Metadata"];
        let told = [&metadata["cache-control"], &metadata["content-type"], &metadata["owner"]];
        assert_eq!(told, ["max-age=60", "x/y", "me"], "{said}");
    }
}

#[test]
fn what_s5cmd_puts_we_get_with_its_metadata() {
    let Some(world) = World::new() else { return };
    let Some(s5cmd) = world.client("s5cmd") else { return };
    let endpoint = world.endpoint();
    words(
        s5cmd,
        &[
            "--endpoint-url",
            &endpoint,
            "cp",
            "-p",
            "5",
            "--cache-control",
            "max-age=60",
            "--content-type",
            "x/y",
            "--metadata",
            "owner=me",
            "big",
            "s3://bucket/s5cmd/big",
        ],
    );
    world.we_get_what_they_put("s5cmd");
    let said = world.stat("s3://bucket/s5cmd/big");
    assert_eq!(
        (&said["cache_control"], &said["content_type"]),
        (&"max-age=60".into(), &"x/y".into()),
        "{said}"
    );
}

#[test]
fn what_rclone_puts_we_get_with_its_metadata() {
    let Some(world) = World::new() else { return };
    let Some(client) = world.client("rclone") else { return };
    let target = rclone(&world, "bucket/rclone/big");
    let fields = ["--header-upload", "Cache-Control: max-age=60", "--header-upload", "Content-Type: x/y"];
    let put = ["copyto", "--s3-upload-cutoff", "200M", "--retries", "1", "big", &target];
    words(client, &[&put[..], &fields].concat());
    world.we_get_what_they_put("rclone");
    assert!(Path::new(&world.dir.path().join("rclone.all/big")).exists());
    let said = world.stat("s3://bucket/rclone/big");
    assert_eq!(
        (&said["cache_control"], &said["content_type"]),
        (&"max-age=60".into(), &"x/y".into()),
        "{said}"
    );
    assert!(said["metadata"]["mtime"].is_string(), "{said}");
}
