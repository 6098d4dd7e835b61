//! The parts: who takes part, and what is done.

use std::fs;
use std::io::ErrorKind;

use forebay_testkit::garage::Garage;

use super::super::race::{Contestant, Measured, Race, race};
use super::Part;
use super::clients::Place;
use super::stand::{SMALL, Stand, small_key};

pub(crate) fn measure(part: Part, stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    eprintln!("── {part:?}");
    match part {
        Part::Plain => large(stand, rounds, false),
        Part::Tls => large(stand, rounds, true),
        Part::Bounded => bounded(stand, rounds),
        Part::Many => many(stand, rounds),
        Part::Upload => upload(stand, rounds),
        Part::Pipe => pipe(stand, rounds),
        Part::Garage => garage(stand, rounds),
    }
}

fn contestant<'a>(name: &'a str, command: impl Fn() -> std::process::Command + 'a) -> Contestant<'a> {
    Contestant { name, command: Box::new(command), input: None }
}

fn of_large<'a>(
    stand: &Stand,
    rounds: usize,
    clear: &'a dyn Fn() -> anyhow::Result<()>,
    check: &'a dyn Fn() -> anyhow::Result<()>,
) -> Race<'a> {
    Race { bytes: stand.large, objects: 1, rounds, clear, check }
}

fn large(stand: &Stand, rounds: usize, tls: bool) -> anyhow::Result<Vec<Measured>> {
    let server = stand.nginx(tls)?;
    let place = Place { stand, addr: server.addr, tls };
    let (clear, check) = (|| Ok(stand.clear()?), || stand.check_large());
    race(
        &of_large(stand, rounds, &clear, &check),
        &[
            contestant("forebay", || place.forebay_large(&[])),
            contestant("forebay --no-sync", || place.forebay_large(&["--no-sync"])),
            contestant("forebay --verify=full", || place.forebay_large(&["--verify=full"])),
            contestant("s5cmd", || place.s5cmd_large()),
            contestant("rclone, 4 streams", || place.rclone_large()),
            contestant("curl", || place.curl_large()),
            contestant("aria2 -x8", || place.aria2_large()),
            contestant("aws s3 cp", || place.aws_large()),
        ],
    )
}

/// Without fsync, which would hide the difference behind the disk.
fn bounded(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let server = stand.nginx(false)?;
    let place = Place { stand, addr: server.addr, tls: false };
    let (clear, check) = (|| Ok(stand.clear()?), || stand.check_large());
    let of = |memory| place.forebay_large(&["--no-sync", "--memory", memory]);
    race(
        &of_large(stand, rounds, &clear, &check),
        &[
            contestant("--memory 32MiB", || of("32MiB")),
            contestant("--memory 64MiB", || of("64MiB")),
            contestant("--memory 4GiB", || of("4GiB")),
            contestant("--memory 32MiB --concurrency 64", || {
                place.forebay_large(&["--no-sync", "--memory", "32MiB", "--concurrency", "64"])
            }),
        ],
    )
}

/// By lists of keys, because nginx has no listing.
fn many(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let server = stand.nginx(false)?;
    let place = Place { stand, addr: server.addr, tls: false };
    let (keys, commands) = (stand.work.join("keys"), stand.work.join("commands"));
    let out = format!("{}/", stand.out.display());
    let lines =
        |line: &dyn Fn(String) -> String| (0..stand.smalls).map(small_key).map(line).collect::<String>();
    fs::write(&keys, lines(&|key| format!("s3://bucket/{key}\n")))?;
    fs::write(&commands, lines(&|key| format!("cp s3://bucket/{key} {out}\n")))?;
    let (keys, commands) = (keys.display().to_string(), commands.display().to_string());
    let ours = ["get", "--files-from", &keys, &out, "--no-sign-request"];
    let (clear, check) = (|| Ok(stand.clear()?), || stand.check_smalls());
    let smalls =
        Race { bytes: stand.smalls * SMALL, objects: stand.smalls, rounds, clear: &clear, check: &check };
    race(
        &smalls,
        &[
            contestant("forebay", || place.forebay(&ours)),
            contestant("forebay --no-sync", || place.forebay(&[&ours[..], &["--no-sync"]].concat())),
            contestant("s5cmd run", || place.s5cmd(&["--no-sign-request", "run", &commands])),
        ],
    )
}

fn upload(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let s3 = Stand::s3()?;
    let place = Place { stand, addr: s3.addr(), tls: false };
    let file = stand.file.display().to_string();
    let (clear, check) = (|| Ok(()), || stand.check_upload(&s3));
    race(
        &Race { bytes: stand.upload, objects: 1, rounds, clear: &clear, check: &check },
        &[
            contestant("forebay", || place.forebay(&["put", &file, "s3://bucket/up"])),
            contestant("s5cmd", || place.s5cmd(&["cp", &file, "s3://bucket/up"])),
        ],
    )
}

fn pipe(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let s3 = Stand::s3()?;
    let place = Place { stand, addr: s3.addr(), tls: false };
    let (clear, check) = (|| Ok(()), || stand.check_upload(&s3));
    let fed = |contestant| Contestant { input: Some(&stand.file), ..contestant };
    race(
        &Race { bytes: stand.upload, objects: 1, rounds, clear: &clear, check: &check },
        &[
            fed(contestant("forebay", || place.forebay(&["put", "-", "s3://bucket/up"]))),
            fed(contestant("forebay --memory 64MiB", || {
                place.forebay(&["put", "-", "s3://bucket/up", "--memory", "64MiB"])
            })),
            fed(contestant("s5cmd pipe", || place.s5cmd(&["pipe", "s3://bucket/up"]))),
        ],
    )
}

fn garage(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let dir = stand.fresh_dir("garage")?;
    let garage = match Garage::start(&dir) {
        Ok(garage) => garage,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("left out: there is no garage in the path (cargo install garage)");
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.into()),
    };
    let place = Place { stand, addr: garage.addr(), tls: false };
    let signed = |mut command: std::process::Command| {
        command.env("AWS_ACCESS_KEY_ID", &garage.key_id).env("AWS_SECRET_ACCESS_KEY", &garage.secret);
        command
    };
    let made = signed(place.forebay(&["mb", "s3://bucket"])).status()?;
    anyhow::ensure!(made.success(), "garage makes no bucket");
    let (large, out) = (stand.large_file(), stand.out.join("large"));
    let (large, out) = (large.display().to_string(), out.display().to_string());
    let put = Race { bytes: stand.large, objects: 1, rounds, clear: &|| Ok(()), check: &|| Ok(()) };
    let up = "s3://bucket/large";
    let mut all = race(
        &put,
        &[
            contestant("put: forebay", || signed(place.forebay(&["put", &large, up]))),
            contestant("put: s5cmd", || signed(place.s5cmd(&["cp", &large, up]))),
        ],
    )?;
    let (clear, check) = (|| Ok(stand.clear()?), || stand.check_large());
    all.extend(race(
        &of_large(stand, rounds, &clear, &check),
        &[
            contestant("get: forebay", || signed(place.forebay(&["get", up, &out]))),
            contestant("get: forebay --no-sync", || signed(place.forebay(&["get", up, &out, "--no-sync"]))),
            contestant("get: s5cmd", || signed(place.s5cmd(&["cp", up, &out]))),
        ],
    )?);
    Ok(all)
}
