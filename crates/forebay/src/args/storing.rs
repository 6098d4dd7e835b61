//! The commands that store objects, or may: their arguments and flags.

use clap::{Arg, ArgAction, Command};

use super::{
    flag,
    help::storing as words,
    objects::{WHETHER, choice, command, digest, dry_run, finish, place, rules, value, when},
    settings::Role,
};

const STORED: &str = "What is stored with the objects";
const OTHER: &str = "Where the source is, if it is in another S3 than the target";

/// All of them, in the order of the help.
pub(super) fn commands() -> [Command; 4] {
    [put(), cp(), mv(), sync()]
}

fn put() -> Command {
    let command = command("put", words::PUT, words::PUT_LONG, words::PUT_EXAMPLES)
        .arg(
            place("source", "SRC", "A file, a directory with -r, or - for standard input")
                .required_unless_present("files-from"),
        )
        .arg(place("target", "DST", "An object, or a bucket or prefix with a / at its end"));
    let promised = digest("The digest that the whole must have, or nothing is stored");
    finish(stored(when(choice(command))).args([promised, checksum()]), Role::Moving)
}

fn cp() -> Command {
    let command = command("cp", words::CP, words::CP_LONG, words::CP_EXAMPLES);
    finish(two_sided(command), Role::Moving)
}

fn mv() -> Command {
    let command = command("mv", words::MV, words::MV_LONG, words::MV_EXAMPLES);
    finish(two_sided(command), Role::Moving)
}

/// Arguments of what moves objects from anywhere to anywhere.
fn two_sided(command: Command) -> Command {
    let command = command
        .arg(
            place("source", "SRC", "What to copy: anything that get or put takes")
                .required_unless_present("files-from"),
        )
        .arg(place("target", "DST", "Where to: an object, a prefix, a file or a directory"));
    other_side(stored(when(choice(command))).arg(checksum()))
}

fn sync() -> Command {
    let command = command("sync", words::SYNC, words::SYNC_LONG, words::SYNC_EXAMPLES)
        .arg(place("source", "SRC", "A directory, or a bucket or prefix").required(true))
        .arg(place("target", "DST", "A directory, or a bucket or prefix").required(true))
        .args([
            flag("size-only", "Compare lengths alone").help_heading(WHETHER),
            flag("by-digest", "Compare digests: what has none that can be compared is copied")
                .long("checksum")
                .conflicts_with("size-only")
                .help_heading(WHETHER),
            flag(
                "delete",
                "Delete from the target what the source has not: last, and only if nothing failed",
            )
            .help_heading(WHETHER),
            dry_run(),
        ]);
    finish(other_side(stored(rules(command))), Role::Moving)
}

fn stored(command: Command) -> Command {
    let one = |name, takes, help| value(name, takes, help).help_heading(STORED);
    let many = |name, takes, help| value(name, takes, help).action(ArgAction::Append).help_heading(STORED);
    command.args([
        one("content-type", "TYPE", "Content-Type [default: by the name's extension]"),
        one("cache-control", "TEXT", "Cache-Control"),
        one("content-disposition", "TEXT", "Content-Disposition"),
        one("content-encoding", "TEXT", "Content-Encoding"),
        one("content-language", "TEXT", "Content-Language"),
        one("expires", "WHEN", "Expires: a time from now (10m) or a date (2027-01-31, or as in HTTP)"),
        many("metadata", "NAME=TEXT", "User metadata; may be given many times"),
        many("tag", "NAME=TEXT", "A tag; may be given many times"),
        one("storage-class", "CLASS", "The storage class, such as STANDARD_IA"),
        one("sse", "WORD", "Encrypt with keys of the store: AES256 or aws:kms"),
        one("sse-kms-key-id", "ID", "The key of --sse aws:kms"),
    ])
}

fn checksum() -> Arg {
    let help = "The digest that is stored: crc64nvme, crc32c, crc32 or sha256 [default: crc64nvme]";
    value("checksum", "ALGO", help).help_heading(STORED)
}

fn other_side(command: Command) -> Command {
    command.args([
        value("source-endpoint-url", "URL", "The endpoint of the source").help_heading(OTHER),
        value("source-region", "NAME", "The region of the source").help_heading(OTHER),
        value("source-profile", "NAME", "The profile for the source").help_heading(OTHER),
    ])
}
