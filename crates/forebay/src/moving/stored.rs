//! What is stored with an object, from words to values.

use std::time::SystemTime;

use forebay_store::remote::{Attributes, Expiry};

use super::usage;
use crate::{args::Stored, output::Failure};

type Pairs = Vec<(Box<str>, Box<str>)>;

/// The attributes that were asked for. `now` is what times count from.
pub(super) fn attributes(asked: &Stored, now: SystemTime) -> Result<Attributes, Failure> {
    let text = |value: &Option<String>| value.as_deref().map(Into::into);
    for (name, value) in [
        ("content-type", &asked.content_type),
        ("cache-control", &asked.cache_control),
        ("content-disposition", &asked.content_disposition),
        ("content-encoding", &asked.content_encoding),
        ("content-language", &asked.content_language),
        ("storage-class", &asked.storage_class),
    ] {
        check_header(name, value.as_deref().unwrap_or_default())?;
    }
    Ok(Attributes {
        content_type: text(&asked.content_type),
        cache_control: text(&asked.cache_control),
        content_disposition: text(&asked.content_disposition),
        content_encoding: text(&asked.content_encoding),
        content_language: text(&asked.content_language),
        expires: asked.expires.as_deref().map(|when| expires(when, now)).transpose()?,
        storage_class: text(&asked.storage_class),
        user: pairs("metadata", &asked.metadata, Names::Headers)?,
        tags: pairs("tag", &asked.tags, Names::AsWritten)?,
    })
}

/// An HTTP date from a time from now or a date.
fn expires(text: &str, now: SystemTime) -> Result<Box<str>, Failure> {
    let date = || {
        let spaced = text.replace('T', " ");
        let exact = humantime::parse_rfc3339_weak(&spaced);
        exact.or_else(|_| humantime::parse_rfc3339_weak(&format!("{spaced} 00:00:00")))
    };
    let expiry = match humantime::parse_duration(text) {
        Ok(time) => Some(Expiry::after(time)),
        Err(_) => httpdate::parse_http_date(text).ok().or_else(|| date().ok()).map(Expiry::at),
    };
    let expiry = expiry.ok_or_else(|| {
        usage(format_args!(
            "--expires: \"{text}\" is no time (write for example 10m, 2027-01-31 or 2027-01-31T12:00:00Z)"
        ))
    })?;
    Ok(expiry.field(now).into())
}

/// What names may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// Lower case, because headers have no case.
    Headers,
    AsWritten,
}

fn pairs(flag: &str, given: &[String], names: Names) -> Result<Pairs, Failure> {
    let mut pairs = Pairs::new();
    for text in given {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage(format_args!("--{flag}: \"{text}\" is not NAME=TEXT")));
        };
        let name = match names {
            Names::Headers => name.to_ascii_lowercase(),
            Names::AsWritten => name.to_owned(),
        };
        if names == Names::Headers
            && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(usage(format_args!(
                "--{flag}: \"{name}\" cannot be a name: use letters, digits, - and _"
            )));
        }
        check_header(flag, value)?;
        pairs.push((name.into(), value.into()));
    }
    pairs.sort();
    Ok(pairs)
}

fn check_header(flag: &str, value: &str) -> Result<(), Failure> {
    if value.chars().any(char::is_control) {
        return Err(usage(format_args!("--{flag}: control characters cannot be stored")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64, nanos: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
    }

    #[test]
    fn an_expiry_is_a_time_from_now_or_a_date_and_never_early() {
        let said =
            |text: &str| expires(text, at(1_700_000_000, 1)).map_err(|failure| failure.error.to_string());
        assert_eq!(said("10m").as_deref(), Ok("Tue, 14 Nov 2023 22:23:21 GMT"));
        assert_eq!(said("2027-01-31").as_deref(), Ok("Sun, 31 Jan 2027 00:00:00 GMT"));
        assert_eq!(said("2027-01-31T12:00:00Z").as_deref(), Ok("Sun, 31 Jan 2027 12:00:00 GMT"));
        assert_eq!(said("Sun, 31 Jan 2027 12:00:00 GMT").as_deref(), Ok("Sun, 31 Jan 2027 12:00:00 GMT"));
        assert!(said("soon").unwrap_err().contains("\"soon\" is no time"));
    }

    #[test]
    fn pairs_have_names_that_a_header_can_have() {
        let read = |text: &str| {
            pairs("metadata", &[text.to_owned()], Names::Headers).map_err(|failure| failure.error.to_string())
        };
        assert_eq!(read("Owner=me=you").unwrap(), [("owner".into(), "me=you".into())]);
        for (text, why) in [
            ("owner", "is not NAME=TEXT"),
            ("=x", "is not NAME=TEXT"),
            ("a b=x", "cannot be a name"),
            ("a=\n", "control characters"),
        ] {
            assert!(read(text).unwrap_err().contains(why), "{text}");
        }
        assert_eq!(
            pairs("tag", &["A b=c".to_owned()], Names::AsWritten).unwrap(),
            [("A b".into(), "c".into())]
        );
    }
}
