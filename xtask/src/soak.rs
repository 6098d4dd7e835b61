//! The long fault run: what the short one in the tests does for seconds, for as long as you like.
//!
//! Transfers and an agent are killed. Then rounds of faults against one server; then it is killed under load and started again, as a container
//! would be, many times in a row. Memory and descriptors are read after every life: a leak of a few bytes a request is invisible
//! in a test and an outage in a month.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use forebay_testkit::admin::{MemoryReport, wait_until_at_rest};
use forebay_testkit::faults::Site;
use forebay_testkit::figures::Figures;
use forebay_testkit::process::Server;
use forebay_testkit::trials::{Outcome, Trials};
use tokio::time::Instant;

use crate::run;

/// How long, and how violent.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Minutes to go on.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Rounds of faults in one life of the server.
    #[arg(long, default_value_t = 50)]
    rounds: u64,
    /// How often it is killed in the middle of a round after each life.
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// How many transfers of each kind are killed, or overwritten, before all that.
    #[arg(long, default_value_t = 200)]
    trials: u64,
    /// How often an agent is killed while jobs come in.
    #[arg(long, default_value_t = 100)]
    agent_kills: u32,
    /// Where the random choices begin; a failure says which seed repeats it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Goes on until the time is over or something is wrong.
///
/// # Errors
/// A wrong byte, a body that looked whole, memory or descriptors that grow, something still held.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    run::step("build forebay", run::cargo(["build", "--package", "forebay", "--bin", "forebay"]))?;
    trials(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(soak(options))
}

/// Transfers that are killed, or whose source is replaced, at a random byte.
fn trials(options: &Options) -> anyhow::Result<()> {
    type Trial = fn(&Trials, u64) -> anyhow::Result<Outcome>;
    let target = run::target_directory()?;
    let trials = Trials::new(&target.join("debug/forebay"), &target.join("soak-trials"));
    let kinds: [(&str, Trial); 3] = [
        ("downloads killed", Trials::killed_get),
        ("uploads killed", Trials::killed_put),
        ("downloads overwritten", Trials::overwritten_get),
    ];
    for (kind, trial) in kinds {
        let mut all = Outcome::default();
        for seed in options.seed..options.seed + options.trials {
            let outcome = trial(&trials, seed).with_context(|| format!("{kind}, seed {seed}"))?;
            all.kills += outcome.kills;
            all.saved += outcome.saved;
        }
        let saved = all.saved >> 20;
        eprintln!("{kind}: {} trials, {} kills, {saved} MiB not moved again", options.trials, all.kills);
    }
    let outcome = trials.killed_agent(options.seed, options.agent_kills).context("agents killed")?;
    eprintln!("an agent killed {} times: {} KiB not warmed again", outcome.kills, outcome.saved >> 10);
    Ok(())
}

async fn soak(options: &Options) -> anyhow::Result<()> {
    let target = run::target_directory()?;
    let dir = target.join("soak");
    std::fs::create_dir_all(&dir)?;
    let site = Site::create(&dir)?;
    let end = Instant::now() + Duration::from_secs(60 * options.minutes);
    let program = target.join("debug/forebay");
    let (mut seed, mut lives, mut kills) = (options.seed, 0, 0);
    while Instant::now() < end {
        let server = start(&program, &dir)?;
        let grown = life(&site, &server, options.rounds, &mut seed).await?;
        lives += 1;
        kill(&site, server, seed).await?;
        for _ in 1..options.kills {
            seed += 1;
            kill(&site, start(&program, &dir)?, seed).await?;
        }
        kills += options.kills.max(1);
        eprintln!("life {lives}: {} rounds, seed {seed}, grown by {} KiB", options.rounds, grown.anon >> 10);
    }
    eprintln!("{lives} lives of {} rounds and {kills} kills without a fault of ours", options.rounds);
    Ok(())
}

fn start(program: &Path, dir: &Path) -> anyhow::Result<Server> {
    let mut command = Command::new(program);
    command.arg("serve").arg(dir).current_dir(dir);
    command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--memory", "64MiB"]);
    Ok(Server::start(command)?)
}

/// Kills it while a round is under way: its clients may fail, the next life must not care.
async fn kill(site: &Site, mut server: Server, seed: u64) -> anyhow::Result<()> {
    tokio::select! {
        _ = site.round(server.addr, seed) => {}
        () = tokio::time::sleep(Duration::from_millis(seed % 50)) => {}
    }
    server.signal_kill()?;
    server.wait(Duration::from_secs(10))?;
    Ok(())
}

async fn life(site: &Site, server: &Server, rounds: u64, seed: &mut u64) -> anyhow::Result<Figures> {
    let admin = server.admin.context("no admin listener")?;
    let rest = MemoryReport::read(admin)?;
    site.round(server.addr, *seed).await.map_err(anyhow::Error::msg)?;
    let before = server.figures();
    for _ in 0..rounds {
        *seed += 1;
        site.round(server.addr, *seed).await.map_err(anyhow::Error::msg)?;
    }
    if let Err(held) = wait_until_at_rest(admin, &rest, Duration::from_secs(60)).await {
        bail!("still held after seed {seed}: {held:?}");
    }
    let grown = server.figures() - before;
    ensure!(grown.anon < 16 << 20 && grown.fds < 64, "grown after seed {seed}: {grown:?}");
    Ok(grown)
}
