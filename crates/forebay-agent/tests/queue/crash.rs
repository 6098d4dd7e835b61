//! A process that is killed while it takes jobs in and works on them, again and again.
//!
//! It says on its output what it is about to do and what it was told is done. Whatever it was told must be so afterwards, and what it
//! never began must not.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use forebay_agent::queue::{Book, BookOptions, JobFilter, Queue as _, RowFilter, RowState, Settled};
use forebay_agent::{Action, Lane};

use crate::world::{SPAN, last_part, name, order, success, target};

const URLS: u64 = 40;

/// Lines after which it is killed: early, in the middle of it, and late.
const ROUNDS: [usize; 5] = [1, 12, 57, 160, 333];

#[tokio::test]
async fn what_was_told_before_the_kill_is_so_afterwards_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    for lines in ROUNDS {
        told.hear(dir.path(), lines);
        told.check(dir.path()).await;
    }
    assert!(told.submitted.len() > 5 && told.settled.len() > 100, "it has done something: {told:?}");
}

/// What all processes have said.
#[derive(Debug, Default)]
struct Told {
    submitted: HashSet<String>,
    settling: HashSet<String>,
    settled: HashSet<String>,
}

impl Told {
    /// Runs a process, kills it after so many lines, and takes note of all that it said.
    fn hear(&mut self, dir: &Path, lines: usize) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::the_process_that_is_killed", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", dir.display()).unwrap();
        let mut said = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once(' ') {
                Some(("submitted", what)) => self.submitted.insert(what.into()),
                Some(("settling", what)) => {
                    assert!(!self.settled.contains(what), "{what} is done and was begun again");
                    self.settling.insert(what.into())
                }
                Some(("settled", what)) => self.settled.insert(what.into()),
                _ => continue,
            };
            said += 1;
            if said == lines {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(said >= lines, "it ended by itself");
    }

    async fn check(&self, dir: &Path) {
        let book = Book::open(dir, BookOptions::default()).await.unwrap();
        let mut done = HashSet::new();
        let mut jobs = HashSet::new();
        let mut after = None;
        loop {
            let page = book.jobs(JobFilter::default(), after, 1000).await.unwrap();
            for job in page.items {
                assert_eq!((job.urls, job.rows.total(), job.rows.processing), (URLS, URLS, 0));
                jobs.insert(job.id.to_string());
                let rows = book.rows(job.id, RowFilter::default(), None, 1000).await.unwrap().items;
                let ended = rows.iter().filter(|row| row.state == RowState::Succeeded);
                let urls: Vec<_> = ended.map(|row| row.url.rsplit('/').next().unwrap().to_owned()).collect();
                assert_eq!(urls.len() as u64, job.rows.succeeded);
                done.extend(urls);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(self.submitted.difference(&jobs).count(), 0, "a job is lost");
        assert_eq!(self.settled.difference(&done).count(), 0, "an outcome is lost");
        assert_eq!(done.difference(&self.settling).count(), 0, "somebody made an outcome up");
        book.close().await;
    }
}

/// Run by the other test in a process of its own.
#[tokio::test]
#[ignore = "it goes on until it is killed"]
async fn the_process_that_is_killed() {
    let mut dir = String::new();
    std::io::stdin().read_line(&mut dir).unwrap();
    if dir.is_empty() {
        return;
    }
    let book = Book::open(dir.trim(), BookOptions::default()).await.unwrap();
    let submitter = async {
        for job in 0.. {
            let mut submission = book.submit(order(Action::Warm, &["a"])).await.unwrap();
            for url in 0..URLS {
                submission.add(&target(&format!("{}-{job}-{url}", std::process::id()))).await.unwrap();
            }
            println!("submitted {}", submission.seal().await.unwrap().id);
        }
    };
    let worker = async {
        loop {
            let leased = book.lease(&name("a"), Lane::Bulk, 7, SPAN).await.unwrap();
            let urls: Vec<_> = leased.iter().map(last_part).collect();
            for url in &urls {
                println!("settling {url}");
            }
            let settled = leased.iter().map(|leased| Settled { lease: leased.lease, outcome: success() });
            book.settle(settled.collect()).await.unwrap();
            for url in &urls {
                println!("settled {url}");
            }
            book.ready(&name("a"), Lane::Bulk).await.unwrap();
        }
    };
    tokio::join!(submitter, worker);
}
