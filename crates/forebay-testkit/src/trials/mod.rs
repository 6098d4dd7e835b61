//! Transfers that are killed, or whose source is replaced, at a random moment: the same trial from the tests (a few) and from the soak
//! (hundreds), each repeated by its seed.
//!
//! The moment is not a time but a byte: when the store has sent, or taken, that byte of that request, the process gets its SIGKILL or the
//! object its successor. So a trial hits the middle of a transfer on any machine, and nobody sleeps.

mod agents;
mod killer;
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::fake::{Action, Fault, Seen, Verb, When};
use crate::fake_s3::{Draft, FakeS3};
use crate::pattern::Pattern;
use killer::Killer;
pub use program::Run;

/// What trials have in common: the program, and a directory that is theirs alone.
#[derive(Debug)]
pub struct Trials {
    program: PathBuf,
    dir: PathBuf,
}

/// What one trial came to, other than well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How often the process was killed; it may have ended before its moment.
    pub kills: u32,
    /// Bytes that the last run did not have to move again.
    pub saved: u64,
}

/// Bytes of a part, the smallest that S3 takes.
const PART: u64 = 5 << 20;
/// Parts under way at once.
const AT_ONCE: u64 = 3;

/// A generator that is the same again (`SplitMix64`, by way of the pattern).
struct Lot {
    of: Pattern,
    drawn: u64,
}

impl Lot {
    const fn new(seed: u64) -> Self {
        Self { of: Pattern::new(seed ^ 0x7e57), drawn: 0 }
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        let mut word = [0; 8];
        self.of.fill(self.drawn, &mut word);
        self.drawn += 8;
        u64::from_le_bytes(word) % end
    }
}

impl Trials {
    /// Trials of this program. The directory is emptied before each.
    #[must_use]
    pub fn new(program: &Path, dir: &Path) -> Self {
        Self { program: program.to_owned(), dir: dir.to_owned() }
    }

    /// A download that is killed up to three times. In a quarter of the trials the object is replaced after the first kill: then nothing of
    /// the old one may be left in the result.
    ///
    /// # Errors
    /// A wrong byte, a piece that was fetched again, something left behind.
    pub fn killed_get(&self, seed: u64) -> anyhow::Result<Outcome> {
        let mut lot = Lot::new(seed);
        let (s3, len, mut pattern) = self.begin(seed, &mut lot)?;
        s3.put("bucket", "key", Draft::pattern(pattern, len));
        let mut outcome = Outcome::default();
        for turn in 0..=lot.below(3) {
            let killer = Killer::default();
            let when = When::get("key").after(lot.below(len / PART));
            let fault = Fault::Meanwhile { after: lot.below(PART), action: killer.action() };
            s3.script().push(when, fault);
            let run = self.run(&s3, &self.get(), Some(&killer))?;
            s3.script().clear();
            outcome.kills += u32::from(run.killed);
            ensure!(run.killed || run.code == Some(0), "turn {turn}: {}", run.said());
            if turn == 0 && lot.below(4) == 0 {
                pattern = Pattern::new(seed + 1_000_000);
                s3.put("bucket", "key", Draft::pattern(pattern, len));
            }
        }
        s3.forget();
        let run = self.run(&s3, &self.get(), None)?;
        ensure!(run.code == Some(0), "at last: {}", run.said());
        outcome.saved = run.number("resumed").unwrap_or(0);
        // What a refusal says is not of the object: it tells the old version's journal that there is another one.
        let of_object = |s: &&Seen| s.target.verb == Verb::Get && s.status < 300;
        let sent: u64 = s3.seen().iter().filter(of_object).map(|s| s.sent).sum();
        ensure!(
            sent <= len - outcome.saved.min(len),
            "{sent} bytes of {len} fetched, {} saved",
            outcome.saved
        );
        self.check_target(pattern, len)?;
        Ok(outcome)
    }

    /// An upload that is killed up to three times.
    ///
    /// # Errors
    /// A wrong byte, a part that was sent again, an upload left behind.
    pub fn killed_put(&self, seed: u64) -> anyhow::Result<Outcome> {
        let mut lot = Lot::new(seed);
        let (s3, len, pattern) = self.begin(seed, &mut lot)?;
        s3.create_bucket("bucket");
        pattern.write_file(&self.dir.join("source"), len)?;
        let mut outcome = Outcome::default();
        for turn in 0..=lot.below(3) {
            let killer = Killer::default();
            let when = When::verb(Verb::Part).after(lot.below(len / PART));
            let fault = Fault::MeanwhileUpload { after: lot.below(PART), action: killer.action() };
            s3.script().push(when, fault);
            let run = self.run(&s3, &self.put(), Some(&killer))?;
            s3.script().clear();
            outcome.kills += u32::from(run.killed);
            ensure!(run.killed || run.code == Some(0), "turn {turn}: {}", run.said());
        }
        let there: Vec<u32> = s3.uploads("bucket").iter().flat_map(|u| u.parts.keys().copied()).collect();
        s3.forget();
        let run = self.run(&s3, &self.put(), None)?;
        ensure!(run.code == Some(0), "at last: {}", run.said());
        let number = |seen: &Seen| seen.head.query("partNumber")?.parse::<u32>().ok();
        let sent: Vec<u32> =
            s3.seen().iter().filter(|s| s.target.verb == Verb::Part).filter_map(number).collect();
        let again = sent.iter().filter(|n| there.contains(n)).count() as u64;
        // Those whose answers were under way when it was killed.
        ensure!(again <= AT_ONCE, "{again} parts were sent again: {sent:?} of {there:?}");
        outcome.saved = (there.len() as u64).saturating_sub(again) * PART;
        let object = s3.object("bucket", "key").context("nothing was stored")?;
        ensure!(object.content.len() == len, "{} bytes of {len} were stored", object.content.len());
        ensure!(object.content.check(pattern).is_ok(), "wrong bytes: {:?}", object.content.check(pattern));
        ensure!(s3.uploads("bucket").is_empty(), "an upload was left behind");
        Ok(outcome)
    }

    /// A download whose object is replaced under way by one of the same length: the file is all old, all new, or not there.
    ///
    /// # Errors
    /// A mixed file, or a failure that does not say what happened.
    pub fn overwritten_get(&self, seed: u64) -> anyhow::Result<Outcome> {
        let mut lot = Lot::new(seed);
        let (s3, len, old) = self.begin(seed, &mut lot)?;
        let new = Pattern::new(seed + 1_000_000);
        s3.put("bucket", "key", Draft::pattern(old, len));
        let action: Action = s3.replacing("bucket", "key", Draft::pattern(new, len));
        let when = When::get("key").after(lot.below(len / PART));
        s3.script().push(when, Fault::Meanwhile { after: lot.below(PART), action });
        let run = self.run(&s3, &self.get(), None)?;
        match run.code {
            Some(0) => self.check_target(old, len).or_else(|_| self.check_target(new, len))?,
            _ => {
                ensure!(!self.target().exists(), "it failed, and there is a file: {}", run.said());
                ensure!(run.said().contains("changed"), "it does not say what happened: {}", run.said());
            }
        }
        Ok(Outcome::default())
    }

    /// A store, and an object that it may get.
    fn begin(&self, seed: u64, lot: &mut Lot) -> anyhow::Result<(FakeS3, u64, Pattern)> {
        if self.dir.exists() {
            fs::remove_dir_all(&self.dir)?;
        }
        fs::create_dir_all(self.dir.join("there"))?;
        Ok((FakeS3::start()?, 4 * PART + lot.below(4 * PART), Pattern::new(seed)))
    }

    fn target(&self) -> PathBuf {
        self.dir.join("there/target")
    }

    fn get(&self) -> Vec<String> {
        vec!["get".into(), "s3://bucket/key".into(), self.target().display().to_string()]
    }

    fn put(&self) -> Vec<String> {
        vec!["put".into(), self.dir.join("source").display().to_string(), "s3://bucket/key".into()]
    }

    /// Whether the file is this one to the byte, and alone.
    fn check_target(&self, pattern: Pattern, len: u64) -> anyhow::Result<()> {
        let bytes = fs::read(self.target()).context("no file")?;
        ensure!(bytes.len() as u64 == len, "{} bytes of {len}", bytes.len());
        pattern.check(0, &bytes).map_err(|wrong| anyhow::anyhow!("wrong bytes: {wrong:?}"))?;
        let left = fs::read_dir(self.dir.join("there"))?.count();
        ensure!(left == 1, "{left} files where one should be");
        Ok(())
    }
}
