//! token, link-key and sign: what lets people in.
//!
//! No secret is an argument: arguments are seen by everybody on the machine, and kept by shells.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use super::{
    help::doors as words,
    objects::{command, value},
};

/// `token`.
#[derive(Clone, Debug)]
pub(crate) struct TokenAsked {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    pub(crate) expires: Option<String>,
    pub(crate) append: Option<PathBuf>,
}

/// `link-key`.
#[derive(Clone, Debug)]
pub(crate) struct KeyAsked {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    pub(crate) append: Option<PathBuf>,
}

/// `sign`.
#[derive(Clone, Debug)]
pub(crate) struct SignAsked {
    pub(crate) address: String,
    pub(crate) methods: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) network: Option<String>,
    pub(crate) bytes_max: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key: Option<String>,
}

pub(super) fn commands() -> [Command; 3] {
    let name = |help| word("name", "NAME", help);
    let group = || value("group", "GROUP", "A group that rules call @GROUP; more than once for several");
    let groups = || group().action(ArgAction::Append);
    let token = command("token", words::TOKEN, words::TOKEN_LONG, words::TOKEN_EXAMPLES).args([
        name("Whom it stands for in rules and in the log"),
        groups(),
        value("expires", "TIME", "When it ends: 90d from now, or 2030-01-01T00:00:00Z [default: never]"),
        append("Write the line to the end of this file, made for its owner alone if it is new"),
    ]);
    let link_key =
        command("link-key", words::LINK_KEY, words::LINK_KEY_LONG, words::LINK_KEY_EXAMPLES).args([
            word("id", "ID", "What the key is called in links and for --key"),
            name("On whose behalf its links are good"),
            groups(),
            append("Write the line to the end of this file, made for its owner alone if it is new"),
        ]);
    let sign = command("sign", words::SIGN, words::SIGN_LONG, words::SIGN_EXAMPLES).args([
        word("address", "URL", "What to open: https://HOST/PATH, or /PATH as it stands in a URL"),
        value("method", "METHODS", "GET (and so HEAD), PUT, DELETE, with commas between them [default: GET]"),
        value("expires", "TIME", "When it ends: 1h from now, or 2030-01-01T00:00:00Z [default: 1h]"),
        value("network", "CIDR", "Only for clients of this network: 192.0.2.0/24"),
        value("max-bytes", "SIZE", "At most so many bytes may be sent by it: 2GiB"),
        value("name", "FILE", "The name that a download is saved under"),
        file("link-key-file", "The keys: FOREBAY_LINK_KEY_FILE if it is not given"),
        value("key", "ID", "The key to sign with [default: the first of the file]"),
    ]);
    [token, link_key, sign]
}

fn word(name: &'static str, takes: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(takes).help(help).required(true)
}

fn append(help: &'static str) -> Arg {
    file("append", help)
}

fn file(name: &'static str, help: &'static str) -> Arg {
    value(name, "FILE", help).value_parser(value_parser!(PathBuf)).value_hint(ValueHint::FilePath)
}

fn one(given: &ArgMatches, name: &str) -> Option<String> {
    given.get_one::<String>(name).cloned()
}

fn groups(given: &ArgMatches) -> Vec<String> {
    given.get_many::<String>("group").into_iter().flatten().cloned().collect()
}

pub(super) fn token(given: &ArgMatches) -> TokenAsked {
    TokenAsked {
        name: one(given, "name").unwrap_or_default(),
        groups: groups(given),
        expires: one(given, "expires"),
        append: given.get_one("append").cloned(),
    }
}

pub(super) fn link_key(given: &ArgMatches) -> KeyAsked {
    KeyAsked {
        id: one(given, "id").unwrap_or_default(),
        name: one(given, "name").unwrap_or_default(),
        groups: groups(given),
        append: given.get_one("append").cloned(),
    }
}

pub(super) fn sign(given: &ArgMatches) -> SignAsked {
    SignAsked {
        address: one(given, "address").unwrap_or_default(),
        methods: one(given, "method"),
        expires: one(given, "expires"),
        network: one(given, "network"),
        bytes_max: one(given, "max-bytes"),
        file_name: one(given, "name"),
        key_file: given.get_one("link-key-file").cloned(),
        key: one(given, "key"),
    }
}
