//! Where credentials come from. Each case is this test in a process of its own, because sources are chosen by the environment.

use std::process::Command;

use forebay_s3::{Access, S3Error, S3Options, Trouble};
use forebay_store::remote::Remote as _;
use forebay_testkit::fake_s3::FakeS3;

use crate::contract::key;
use crate::servers;

/// Says to this test that it is the child: the endpoint to ask.
const ENDPOINT: &str = "FOREBAY_S3_TEST_ENDPOINT";

/// Runs the child with this environment and no other; tells what it said.
fn child(server: &FakeS3, environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "credentials::a_child_asks_as_the_environment_says", "--nocapture"])
        .env_clear()
        // Else the metadata service of a cloud would be asked, which is not there.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(ENDPOINT, server.endpoint())
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_child_asks_as_the_environment_says() {
    let Some(endpoint) = std::env::var_os(ENDPOINT) else { return };
    let options = S3Options { access: Access::Chain, ..servers::options(endpoint.to_str().unwrap()) };
    let error = servers::bucket(options).await.head(&key("x"), None).await.unwrap_err();
    println!("{:?} {error}", S3Error::within(&error).map(S3Error::trouble));
}

/// The access key that the server was asked with.
fn asked_with(server: &FakeS3) -> String {
    let seen = server.seen();
    let signed =
        seen.iter().rev().find_map(|seen| seen.head.field("authorization")).expect("a signed request");
    signed.split_once("Credential=").unwrap().1.split('/').next().unwrap().to_owned()
}

#[test]
fn the_environment_is_a_source() {
    let server = FakeS3::start().unwrap();
    let said = child(&server, &[("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "a-secret")]);
    assert_eq!(asked_with(&server), "AKIDENV", "{said}");
}

#[test]
fn a_profile_and_its_process_are_sources() {
    let home = tempfile::tempdir().unwrap();
    let (config, keys) = (home.path().join("config"), home.path().join("credentials"));
    let process = home.path().join("process");
    std::fs::write(&process, r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"a-secret"}"#)
        .unwrap();
    std::fs::write(&config, format!("[profile p]\ncredential_process = /bin/cat {}\n", process.display()))
        .unwrap();
    std::fs::write(&keys, "[k]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = a-secret\n")
        .unwrap();
    for (profile, id) in [("k", "AKIDPROFILE"), ("p", "AKIDPROCESS")] {
        let server = FakeS3::start().unwrap();
        let environment = [
            ("AWS_PROFILE", profile),
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap()),
            ("PATH", "/usr/bin:/bin"),
        ];
        let said = child(&server, &environment);
        assert_eq!(asked_with(&server), id, "{said}");
    }
}

#[test]
fn without_a_source_the_error_says_what_to_set() {
    let server = FakeS3::start().unwrap();
    let said = child(&server, &[]);
    assert!(said.contains(&format!("{:?}", Some(Trouble::Credentials))), "{said}");
    assert!(said.contains("denied: no credentials found: set AWS_ACCESS_KEY_ID"), "{said}");
    assert_eq!(server.counts().0, 0, "nothing was sent");
}

#[test]
fn a_process_that_fails_is_not_quoted() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    std::fs::write(&config, "[profile p]\ncredential_process = /bin/sh -c \"echo a-secret >&2; exit 1\"\n")
        .unwrap();
    let server = FakeS3::start().unwrap();
    let environment =
        [("AWS_PROFILE", "p"), ("AWS_CONFIG_FILE", config.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    let said = child(&server, &environment);
    assert!(said.contains("credentials could not be had"), "{said}");
    assert!(!said.contains("a-secret"), "{said}");
}

/// The sockets to such a service are ours, too: the client is the only one there is.
#[test]
fn a_containers_role_is_a_source() {
    let service = crate::servers::role::Role::start("AKIDROLE");
    let server = FakeS3::start().unwrap();
    let said = child(&server, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &service.url)]);
    assert_eq!(asked_with(&server), "AKIDROLE", "{said}");
}
