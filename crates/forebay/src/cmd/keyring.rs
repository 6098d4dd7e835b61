//! Lines of the files that say who somebody is: the words in them, and how one more is written.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, anyhow};
use forebay_auth::{Group, Name, NameError};

use crate::output::Failure;

/// A name as it was given.
pub(super) fn name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|problem| unfit(text, problem))
}

/// Groups as they were given, with or without their `@`.
pub(super) fn groups(texts: &[String]) -> Result<Vec<Group>, Failure> {
    let group = |text: &String| {
        Group::new(text.strip_prefix('@').unwrap_or(text)).map_err(|problem| unfit(text, problem))
    };
    texts.iter().map(group).collect()
}

fn unfit(text: &str, problem: NameError) -> Failure {
    Failure::usage(anyhow!("{text:?}: {problem}"))
}

/// A time to come: `90d` from now, or a date.
pub(super) fn expires(text: &str) -> Result<SystemTime, Failure> {
    let now = SystemTime::now();
    let from_now = || now.checked_add(humantime::parse_duration(text).ok()?);
    let time = humantime::parse_rfc3339(text).ok().or_else(from_now).ok_or_else(|| {
        Failure::usage(anyhow!("--expires: {text:?} is not a time: write 90d or 2030-01-01T00:00:00Z"))
    })?;
    if time < now + Duration::from_secs(1) {
        return Err(Failure::usage(anyhow!(
            "--expires: {text} has passed: write a time to come, such as 90d"
        )));
    }
    Ok(time)
}

/// Writes a line to the end of a file, in one piece and on the disk, if `check` finds the file with it good.
pub(super) fn append<E>(
    path: &Path,
    line: &str,
    check: impl FnOnce(&str) -> Result<(), E>,
) -> Result<(), Failure>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let name = || path.display().to_string();
    let open = || OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
    let mut file = open().with_context(name).map_err(Failure::usage)?;
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(Failure::usage(anyhow!("{}: this is no text", name())));
        }
        Err(error) => return Err(anyhow::Error::new(error).context(name()).into()),
    }
    let begin = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let added = format!("{begin}{line}\n");
    check(&(text + &added)).with_context(name).map_err(Failure::usage)?;
    file.write_all(added.as_bytes()).and_then(|()| file.sync_all()).with_context(name)?;
    Ok(())
}
