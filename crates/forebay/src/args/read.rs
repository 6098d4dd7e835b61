//! From what clap found to what was asked.

use std::ffi::OsString;

use clap::{ArgMatches, parser::ValueSource};

use super::{
    Aborting, Ages, Ask, Base, Benching, Choice, Compare, Depth, Detail, Existing, Expiry, Globs, Lengths,
    Listing, Moving, OtherSide, Presigning, Proof, Removing, Rule, Run, Stored, Surplus, Verb, When, form,
    settings::sources,
};

pub(super) fn on_objects(name: &str, given: &ArgMatches) -> Ask {
    let base = || base(given);
    let place = || path(given, "url").unwrap_or_default();
    match name {
        "get" => Ask::Move(moving(Verb::Get, given).into()),
        "put" => Ask::Move(moving(Verb::Put, given).into()),
        "cp" => Ask::Move(moving(Verb::Copy, given).into()),
        "mv" => Ask::Move(moving(Verb::Move, given).into()),
        "sync" => Ask::Move(moving(Verb::Sync, given).into()),
        "ls" => Ask::List(listing(given)),
        "du" => Ask::Usage(listing(given)),
        "cat" => Ask::Cat { base: base(), places: paths(given, "urls"), version: text(given, "version-id") },
        "rm" => Ask::Remove(Removing {
            base: base(),
            places: paths(given, "urls"),
            choice: choice(given),
            version: text(given, "version-id"),
            run: run(given),
        }),
        "stat" => {
            Ask::Stat { base: base(), places: paths(given, "urls"), version: text(given, "version-id") }
        }
        "mb" => Ask::MakeBucket(base(), place()),
        "rb" => Ask::RemoveBucket(base(), place()),
        "presign" => Ask::Presign(Presigning {
            base: base(),
            place: place(),
            expires: text(given, "expires"),
            method: text(given, "method"),
        }),
        "bench" => Ask::Bench(bench(given)),
        _ => Ask::AbortUploads(Aborting {
            base: base(),
            place: place(),
            older_than: text(given, "older-than"),
            run: run(given),
        }),
    }
}

/// There is one bench.
fn bench(given: &ArgMatches) -> Benching {
    let given = given.subcommand().map_or(given, |(_, given)| given);
    Benching {
        base: base(given),
        place: path(given, "url").unwrap_or_default(),
        runs: text(given, "runs"),
        plot: path(given, "plot"),
        dir: path(given, "dir"),
        way: text(given, "way"),
    }
}

fn listing(given: &ArgMatches) -> Listing {
    Listing {
        base: base(given),
        place: path(given, "url"),
        choice: choice(given),
        detail: if is(given, "long") { Detail::Long } else { Detail::Usual },
        lengths: if is(given, "human-readable") { Lengths::Human } else { Lengths::Bytes },
        ages: if is(given, "versions") { Ages::All } else { Ages::Newest },
    }
}

fn base(given: &ArgMatches) -> Base {
    Base { sources: sources(given), form: form(given), sse_c_key: path(given, "sse-c-key") }
}

fn moving(verb: Verb, given: &ArgMatches) -> Moving {
    let existing = match (is(given, "no-clobber"), is(given, "if-newer")) {
        (true, _) => Existing::Keep,
        (_, true) => Existing::ReplaceOlder,
        _ => Existing::Replace,
    };
    let compare = match (is(given, "by-digest"), is(given, "size-only")) {
        (true, _) => Compare::Digest,
        (_, true) => Compare::Size,
        _ => Compare::SizeAndTime,
    };
    Moving {
        verb,
        base: base(given),
        from: path(given, "source"),
        to: path(given, "target"),
        choice: choice(given),
        when: When {
            existing,
            run: run(given),
            compare,
            surplus: if is(given, "delete") { Surplus::Delete } else { Surplus::Keep },
        },
        stored: stored(given),
        proof: Proof {
            digest: text(given, "digest"),
            version: text(given, "version-id"),
            expiry: match (is(given, "strict"), is(given, "respect-expires")) {
                (true, _) => Expiry::Strict,
                (_, true) => Expiry::Respect,
                _ => Expiry::Ignore,
            },
        },
        other: OtherSide {
            endpoint_url: text(given, "source-endpoint-url"),
            region: text(given, "source-region"),
            profile: text(given, "source-profile"),
        },
    }
}

fn choice(given: &ArgMatches) -> Choice {
    let rules = |name, rule| {
        let values = given.try_get_many::<String>(name).ok().flatten().into_iter().flatten();
        let places = given.try_contains_id(name).ok().and_then(|_| given.indices_of(name));
        values.zip(places.into_iter().flatten()).map(move |(pattern, place)| (place, (rule, pattern.clone())))
    };
    let mut placed: Vec<_> = rules("include", Rule::Include).chain(rules("exclude", Rule::Exclude)).collect();
    placed.sort_by_key(|(place, _)| *place);
    Choice {
        depth: if is(given, "recursive") { Depth::All } else { Depth::One },
        globs: if is(given, "no-glob") { Globs::AsWritten } else { Globs::Match },
        rules: placed.into_iter().map(|(_, rule)| rule).collect(),
        files_from: path(given, "files-from"),
    }
}

fn stored(given: &ArgMatches) -> Stored {
    Stored {
        content_type: text(given, "content-type"),
        cache_control: text(given, "cache-control"),
        content_disposition: text(given, "content-disposition"),
        content_encoding: text(given, "content-encoding"),
        content_language: text(given, "content-language"),
        expires: text(given, "expires"),
        storage_class: text(given, "storage-class"),
        metadata: texts(given, "metadata"),
        tags: texts(given, "tag"),
        sse: text(given, "sse"),
        sse_kms_key_id: text(given, "sse-kms-key-id"),
        checksum: text(given, "checksum"),
    }
}

fn run(given: &ArgMatches) -> Run {
    if is(given, "dry-run") { Run::Dry } else { Run::Real }
}

/// Whether a switch is on; a command without it has it off.
fn is(given: &ArgMatches, name: &str) -> bool {
    given.try_contains_id(name).is_ok() && given.value_source(name) == Some(ValueSource::CommandLine)
}

fn text(given: &ArgMatches, name: &str) -> Option<String> {
    given.try_get_one::<String>(name).ok().flatten().cloned()
}

fn texts(given: &ArgMatches, name: &str) -> Vec<String> {
    given.try_get_many::<String>(name).ok().flatten().into_iter().flatten().cloned().collect()
}

fn path(given: &ArgMatches, name: &str) -> Option<OsString> {
    given.try_get_one::<OsString>(name).ok().flatten().cloned()
}

fn paths(given: &ArgMatches, name: &str) -> Vec<OsString> {
    given.try_get_many::<OsString>(name).ok().flatten().into_iter().flatten().cloned().collect()
}
