//! The commands on objects: their arguments and flags. What is a setting (`--memory`, `--endpoint-url`, …) comes from the default
//! file like the settings of the server; what is said of one call only is here.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, ValueHint, value_parser};

use super::{
    flag, help,
    help::objects as words,
    json,
    settings::{Role, with_settings},
};

const WHICH: &str = "Which objects";
pub(super) const WHETHER: &str = "What is left alone";
const PROOF: &str = "What is proven";

/// All of them, in the order of the help.
pub(super) fn commands() -> [Command; 11] {
    [get(), ls(), du(), cat(), rm(), stat(), mb(), rb(), presign(), abort_uploads(), bench()]
}

fn get() -> Command {
    let command = command("get", words::GET, words::GET_LONG, words::GET_EXAMPLES)
        .arg(
            place("source", "SRC", "An object, a prefix with -r, a pattern, or a web address")
                .required_unless_present("files-from"),
        )
        .arg(place(
            "target",
            "DST",
            "A file, a directory (also with a / at its end), or - for standard output [default: .]",
        ));
    let command = when(choice(command)).args([
        digest("The digest that the whole must have"),
        version().help_heading(PROOF),
        flag("respect-expires", "Treat an object that has expired as one that is not there")
            .help_heading(PROOF),
        flag("strict", "The same; and an Expires that is no date is an error").help_heading(PROOF),
    ]);
    finish(command, Role::Moving)
}

fn ls() -> Command {
    let command = command("ls", words::LS, words::LS_LONG, words::LS_EXAMPLES)
        .arg(place("url", "URL", "A bucket, a prefix, an object or a pattern; nothing for the buckets"))
        .args([
            flag("long", "With storage class and entity tag").short('l'),
            flag("human-readable", "Lengths in KiB, MiB, …").short('H'),
            flag("versions", "All versions, and the marks of what was deleted"),
        ]);
    finish(rules(command.arg(recursive())).arg(no_glob()), Role::Asking)
}

fn du() -> Command {
    let command = command("du", words::DU, words::DU_LONG, words::DU_EXAMPLES)
        .arg(place("url", "URL", "A bucket, a prefix or a pattern").required(true))
        .arg(flag("human-readable", "Lengths in KiB, MiB, …").short('H'));
    finish(rules(command).arg(no_glob()), Role::Asking)
}

fn cat() -> Command {
    let command = command("cat", words::CAT, words::CAT_LONG, words::CAT_EXAMPLES)
        .arg(place("urls", "URL", "Objects or web addresses").required(true).num_args(1..))
        .arg(version());
    finish(command, Role::Moving)
}

fn rm() -> Command {
    let command = command("rm", words::RM, words::RM_LONG, words::RM_EXAMPLES)
        .arg(
            place("urls", "URL", "Objects, prefixes with -r, or patterns")
                .required_unless_present("files-from")
                .num_args(1..),
        )
        .args([files_from(), dry_run(), version().help("Delete this version of one object, for good")]);
    finish(rules(command.arg(recursive())).arg(no_glob()), Role::Asking)
}

fn stat() -> Command {
    let command = command("stat", words::STAT, words::STAT_LONG, words::STAT_EXAMPLES)
        .arg(place("urls", "URL", "Objects or web addresses").required(true).num_args(1..))
        .arg(version());
    finish(command, Role::Asking)
}

fn mb() -> Command {
    let command = command("mb", words::MB, words::MB, words::MB_EXAMPLES);
    finish(command.arg(place("url", "URL", "The bucket").required(true)), Role::Asking)
}

fn rb() -> Command {
    let command = command("rb", words::RB, words::RB, words::RB_EXAMPLES);
    finish(command.arg(place("url", "URL", "The bucket").required(true)), Role::Asking)
}

fn presign() -> Command {
    let command = command("presign", words::PRESIGN, words::PRESIGN_LONG, words::PRESIGN_EXAMPLES)
        .arg(place("url", "URL", "The object").required(true))
        .args([
            value("expires", "TIME", "How long the address works, at most 7 days [default: 1h]"),
            value("method", "WORD", "GET or PUT [default: GET]"),
        ]);
    finish(command, Role::Asking)
}

fn abort_uploads() -> Command {
    let command = command("abort-uploads", words::ABORT, words::ABORT_LONG, words::ABORT_EXAMPLES)
        .arg(place("url", "URL", "A bucket or a prefix").required(true))
        .args([value("older-than", "TIME", "Only what was begun so long ago [default: 1d]"), dry_run()]);
    finish(command, Role::Asking)
}

fn bench() -> Command {
    let file = |name, takes, help| value(name, takes, help).value_parser(value_parser!(OsString));
    let strategies =
        command("strategies", words::STRATEGIES, words::STRATEGIES_LONG, words::STRATEGIES_EXAMPLES)
            .arg(place("url", "URL", "A large object").required(true))
            .args([
                value("runs", "COUNT", "Runs of each way; the median counts [default: 3]"),
                file("plot", "FILE", "Write the table as a picture (SVG), too")
                    .value_hint(ValueHint::FilePath),
                file("dir", "DIR", "Where files are written, and removed again [default: .]")
                    .value_hint(ValueHint::DirPath),
                value("way", "WAY", "One way, in this process").hide(true),
            ]);
    Command::new("bench")
        .about(words::BENCH)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(finish(strategies, Role::Moving))
}

pub(super) fn command(
    name: &'static str,
    about: &'static str,
    long: &'static str,
    examples: &'static str,
) -> Command {
    Command::new(name).about(about).long_about(long).after_help(examples)
}

/// What all of them have, behind what is their own.
pub(super) fn finish(command: Command, role: Role) -> Command {
    let key =
        value("sse-c-key", "FILE", "The key that the objects are encrypted with (SSE-C): a file of 32 bytes")
            .value_parser(value_parser!(OsString))
            .value_hint(ValueHint::FilePath);
    let command = match command.get_name() {
        "mb" | "rb" | "ls" | "du" | "rm" | "abort-uploads" => command,
        _ => command.arg(key),
    };
    with_settings(command.arg(json_lines()), role)
}

fn json_lines() -> Arg {
    json().help("Print a JSON object on a line for each thing that happens")
}

pub(super) fn choice(command: Command) -> Command {
    rules(command.arg(recursive().help_heading(WHICH))).args([no_glob(), files_from().help_heading(WHICH)])
}

fn recursive() -> Arg {
    flag("recursive", "Everything below").short('r').help_heading(WHICH)
}

fn no_glob() -> Arg {
    flag("no-glob", "Take *, ? and [ in keys as they stand").help_heading(WHICH)
}

fn files_from() -> Arg {
    place("files-from", "FILE", "Read what to take from a file (or - for standard input), one on a line")
        .long("files-from")
        .help_heading(WHICH)
}

pub(super) fn rules(command: Command) -> Command {
    let rule = |name, help| value(name, "GLOB", help).action(ArgAction::Append).help_heading(WHICH);
    command.args([
        rule("include", "Take what matches; the last of --include and --exclude that matches decides")
            .long_help(help::objects::INCLUDE_LONG),
        rule("exclude", "Leave out what matches"),
    ])
}

pub(super) fn when(command: Command) -> Command {
    command.args([
        flag("if-newer", "Replace a target only if its source is newer").help_heading(WHETHER),
        flag("no-clobber", "Replace no target: decided by the store at the moment of writing")
            .conflicts_with("if-newer")
            .help_heading(WHETHER),
        dry_run(),
    ])
}

pub(super) fn dry_run() -> Arg {
    flag("dry-run", "Say what would be done, and do nothing").short('n').help_heading(WHETHER)
}

pub(super) fn digest(help: &'static str) -> Arg {
    value("digest", "sha256:HEX", help).help_heading(PROOF)
}

fn version() -> Arg {
    value("version-id", "ID", "The version of the object")
}

pub(super) fn place(name: &'static str, takes: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(name).value_name(takes).help(help).value_parser(value_parser!(OsString));
    arg.value_hint(ValueHint::AnyPath)
}

pub(super) fn value(name: &'static str, takes: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(takes).help(help).allow_hyphen_values(true)
}
