//! agent and jobs: the durable agent, and those who speak to it.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use forebay_agent::Action;

use super::{
    flag, form,
    help::agent as words,
    objects::command,
    settings::{Role, with_settings},
};
use crate::output::Form;

/// `jobs`: whom, and what.
#[derive(Clone, Debug)]
pub(crate) struct JobsAsked {
    pub(crate) agent: Option<String>,
    pub(crate) token_file: Option<OsString>,
    pub(crate) form: Form,
    pub(crate) asking: Asking,
}

/// What is asked of an agent.
#[derive(Clone, Debug)]
pub(crate) enum Asking {
    Submit {
        action: Action,
        urls: Vec<OsString>,
        from: Option<OsString>,
        /// Parameters of the job by their names in the interface.
        terms: Vec<(&'static str, String)>,
        key: Option<String>,
    },
    /// Everything of a kind, page by page.
    List(&'static str, Vec<(&'static str, String)>),
    Show(String),
    Urls(String, Vec<(&'static str, String)>),
    Retry(String),
    Cancel(String),
}

pub(super) fn commands() -> [Command; 2] {
    let agent = command("agent", words::AGENT, words::AGENT_LONG, words::AGENT_EXAMPLES);
    [with_settings(agent, Role::Agent), jobs()]
}

fn jobs() -> Command {
    let whom = [
        text("agent", "URL", "Where the agent is: FOREBAY_AGENT_URL, or http://127.0.0.1:8091").global(true),
        text("token-file", "FILE", "A file whose first line is the token; else FOREBAY_AGENT_TOKEN")
            .global(true)
            .value_hint(ValueHint::FilePath),
    ];
    let id = || Arg::new("id").value_name("JOB").required(true).help("The job's name");
    let action = Arg::new("action")
        .value_name("ACTION")
        .required(true)
        .value_parser(|word: &str| word.parse::<Action>())
        .help("purge, warm or refresh");
    let submit = Command::new("submit").about("Submit a list of URLs").arg(action).args([
        Arg::new("urls").value_name("URL").num_args(0..).value_parser(value_parser!(OsString)),
        Arg::new("from")
            .long("from")
            .value_name("FILE")
            .value_parser(value_parser!(OsString))
            .conflicts_with("urls")
            .help("A list with one URL a line; - is standard input"),
        text("edge", "NAME", "Only on this edge; more than once for several")
            .long("on")
            .action(ArgAction::Append),
        text("priority", "N", "9 goes first, 0 last"),
        text("label", "TEXT", "What you call it"),
        text("at", "TIME", "Not before this time (RFC 3339)"),
        text("window", "WINDOW", "Only at this time of day, in UTC: 02:00-06:00"),
        text("every", "TIME", "Again so long after it was due: 6h"),
        text(
            "variant",
            "FIELD",
            "Warm what this header field chooses, too: \"Accept-Encoding: gzip\"; more than once for several",
        )
        .action(ArgAction::Append),
        text("proof", "WHEN", "How far outcomes are proved: warm, always or never"),
        flag("digest", "Read every byte of what is warmed, and keep its SHA-256"),
        text("webhook", "URL", "Whom to tell when it is over; the agent's operator says who may be told"),
        text("idempotency-key", "TEXT", "Your own name for this request: sent twice, it is done once"),
    ]);
    let state = || text("state", "STATE", "Only those in this state");
    let list = [
        state(),
        text("label", "TEXT", "Only those with exactly this label"),
        text("webhook", "STATE", "Only those whose webhook is so far: pending, delivered or undelivered"),
    ];
    Command::new("jobs")
        .about(words::JOBS)
        .after_help(words::JOBS_EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(whom)
        .arg(flag("json", "Print the agent's own JSON, an object a line").global(true))
        .subcommand(submit)
        .subcommand(Command::new("list").about("All jobs, the newest first").args(list))
        .subcommand(Command::new("show").about("A job with its counters").arg(id()))
        .subcommand(Command::new("urls").about("The URLs of a job, by edge").arg(id()).args([
            state(),
            text("class", "CLASS", "Only those that failed of this"),
            text("edge", "NAME", "Only those on this edge").long("on"),
        ]))
        .subcommand(Command::new("retry").about("Do again what failed").arg(id()))
        .subcommand(Command::new("cancel").about("Do nothing more of a job").arg(id()))
        .subcommand(Command::new("dead").about("What was given up, of all jobs"))
        .subcommand(Command::new("edges").about("The edges, and what waits for them"))
}

fn text(name: &'static str, takes: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(takes).help(help)
}

pub(super) fn asked(given: &ArgMatches) -> JobsAsked {
    let Some((name, given)) = given.subcommand() else { unreachable!("clap demands a command") };
    let one = |name: &str| given.try_get_one::<String>(name).ok().flatten().cloned();
    let id = || one("id").unwrap_or_default();
    let among = |names: &[&'static str]| -> Vec<(&'static str, String)> {
        let all = |name: &'static str| {
            let values = given.try_get_many::<String>(name).ok().flatten().into_iter().flatten();
            values.map(move |value| (name, value.clone()))
        };
        names.iter().copied().flat_map(all).collect()
    };
    let asking = match name {
        "submit" => Asking::Submit {
            action: given.get_one("action").copied().unwrap_or(Action::Purge),
            urls: given.get_many::<OsString>("urls").into_iter().flatten().cloned().collect(),
            from: given.get_one("from").cloned(),
            terms: among(&[
                "edge", "priority", "label", "at", "window", "every", "webhook", "variant", "proof",
            ])
            .into_iter()
            .chain(given.get_flag("digest").then(|| ("digest", "true".to_owned())))
            .collect(),
            key: one("idempotency-key"),
        },
        "show" => Asking::Show(id()),
        "urls" => Asking::Urls(id(), among(&["state", "class", "edge"])),
        "retry" => Asking::Retry(id()),
        "cancel" => Asking::Cancel(id()),
        "dead" => Asking::List("dead-letters", Vec::new()),
        "edges" => Asking::List("edges", Vec::new()),
        _ => Asking::List("jobs", among(&["state", "label", "webhook"])),
    };
    JobsAsked {
        agent: one("agent"),
        token_file: one("token-file").map(Into::into),
        form: form(given),
        asking,
    }
}
