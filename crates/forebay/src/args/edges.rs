//! warm, purge and refresh: their arguments and flags. What an edge is and what it may be asked are settings.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use forebay_agent::Action;

use super::{
    Base, Run, flag, form,
    help::edges as words,
    json,
    objects::command,
    settings::{Role, sources, with_settings},
};

const WHICH: &str = "Which URLs";

/// `warm`, `purge` and `refresh`.
#[derive(Clone, Debug)]
pub(crate) struct Edging {
    pub(crate) action: Action,
    pub(crate) base: Base,
    pub(crate) urls: Vec<OsString>,
    /// Files with one URL a line.
    pub(crate) from: Vec<OsString>,
    pub(crate) sitemaps: Vec<OsString>,
    /// Places whose objects are meant.
    pub(crate) below: Vec<OsString>,
    /// What comes before their names.
    pub(crate) public: Option<String>,
    pub(crate) run: Run,
    /// Ask for lengths in a dry run.
    pub(crate) heads: bool,
    /// Say only what failed.
    pub(crate) quiet: bool,
    /// Read every byte.
    pub(crate) digest: bool,
}

pub(super) fn commands() -> [Command; 3] {
    [
        edging(command("warm", words::WARM, words::WARM_LONG, words::WARM_EXAMPLES)).arg(digest()),
        edging(command("purge", words::PURGE, words::PURGE_LONG, words::PURGE_EXAMPLES)),
        edging(command("refresh", words::REFRESH, words::REFRESH_LONG, words::REFRESH_EXAMPLES))
            .arg(digest()),
    ]
}

fn edging(command: Command) -> Command {
    let urls = Arg::new("urls")
        .value_name("URL")
        .num_args(0..)
        .help("URLs with their public host")
        .value_parser(value_parser!(OsString))
        .value_hint(ValueHint::Url);
    let many = |name: &'static str, takes: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(takes)
            .help(help)
            .help_heading(WHICH)
            .action(ArgAction::Append)
            .value_parser(value_parser!(OsString))
    };
    let command = command.arg(urls).args([
        many("from", "FILE", "A list with one URL a line; - is standard input")
            .value_hint(ValueHint::FilePath),
        many("sitemap", "URL", "A sitemap or an index of sitemaps, plain or gzip: a web address or a file"),
        many(
            "below",
            "PLACE",
            "All objects below s3://BUCKET/PREFIX, a directory, or a forebay's http://HOST/DIR/",
        ),
        Arg::new("public")
            .long("public")
            .value_name("URL")
            .help("What the names of --below are put behind: http://www.example.com/files/")
            .help_heading(WHICH),
        flag("dry-run", "Say what would be done, and do nothing").short('n'),
        flag("heads", "With --dry-run: ask the first edge for the lengths of the objects (HEAD)")
            .requires("dry-run"),
        flag("quiet", "Say only what failed").short('q'),
        json().help("Print a JSON object on a line for each URL and edge, and one at the end"),
    ]);
    with_settings(command, Role::Edging)
}

fn digest() -> Arg {
    flag("digest", "Read every byte, tell its SHA-256, and compare it with Repr-Digest")
}

pub(super) fn asked(action: Action, given: &ArgMatches) -> Edging {
    let many = |name: &str| -> Vec<OsString> {
        given.get_many::<OsString>(name).into_iter().flatten().cloned().collect()
    };
    let is = |name: &str| given.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or_default();
    Edging {
        action,
        base: Base { sources: sources(given), form: form(given), sse_c_key: None },
        urls: many("urls"),
        from: many("from"),
        sitemaps: many("sitemap"),
        below: many("below"),
        public: given.get_one::<String>("public").cloned(),
        run: if is("dry-run") { Run::Dry } else { Run::Real },
        heads: is("heads"),
        quiet: is("quiet"),
        digest: is("digest"),
    }
}
