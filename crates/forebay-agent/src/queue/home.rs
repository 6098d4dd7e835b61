//! A database in a directory: one process at a time, and a schema that it knows.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use forebay_budget::ByteSize;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};

use super::QueueError;

/// What is kept in a database.
#[derive(Debug)]
pub(super) struct Kind {
    /// The name of its files.
    pub(super) name: &'static str,
    /// What tells it from others' databases: four letters.
    pub(super) application: [u8; 4],
    /// What leads from each schema to the next.
    pub(super) steps: &'static [&'static str],
}

/// Pages that a writer keeps in memory, if nothing else is said.
pub(super) const PAGES: ByteSize = ByteSize::mib(8);
/// The log is written back into the database when it has so many pages (32 MiB): a page that changes often is written back once.
const CHECKPOINT_PAGES: u32 = 8 << 10;
/// Statements that stay compiled.
const STATEMENTS: usize = 128;

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Home {
    kind: &'static Kind,
    file: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the directory if there is none, and locks it. Blocks.
    pub(super) fn take(dir: &Path, kind: &'static Kind) -> Result<Self, QueueError> {
        let failed = |what: &str, error: io::Error| {
            QueueError::Storage(format!("cannot {what} {}: {error}", dir.display()))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed("make", error))?;
        let options = || {
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).read(true).write(true).mode(0o600);
            options
        };
        let mut lock = options()
            .open(dir.join(format!("{}.lock", kind.name)))
            .map_err(|error| failed("write in", error))?;
        if let Err(error) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(match error.kind() {
                io::ErrorKind::WouldBlock => QueueError::InUse { dir: dir.into(), pid: holder(&mut lock) },
                _ => failed("lock", error.into()),
            });
        }
        // Who holds it is for people to read; that it is held does not depend on it.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { kind, file: dir.join(format!("{}.db", kind.name)), _lock: lock })
    }

    /// Opens the database to write, with so many of its pages in memory, and brings it to this version's schema. Blocks.
    pub(super) fn open(&self, pages: ByteSize) -> Result<Connection, QueueError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(&self.file, flags)?;
        let found = self.schema(&db)?;
        db.execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
             PRAGMA journal_size_limit = {};
             PRAGMA cache_size = -{};
             PRAGMA temp_store = MEMORY;
             PRAGMA cell_size_check = ON;",
            CHECKPOINT_PAGES * 4096 * 2,
            pages.as_u64() >> 10
        ))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        self.migrate(&mut db, found)?;
        Ok(db)
    }

    /// Opens the database once more, to read, with an eighth of a writer's pages. Blocks.
    pub(super) fn open_reader(&self, pages: ByteSize) -> Result<Connection, QueueError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.file, flags)?;
        let kib = pages.as_u64() >> 13;
        db.execute_batch(&format!("PRAGMA cache_size = -{kib}; PRAGMA temp_store = MEMORY;"))?;
        Ok(db)
    }

    /// The number of the schema that is there. Changes nothing.
    fn schema(&self, db: &Connection) -> Result<usize, QueueError> {
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (application, found) = (pragma("application_id")?, pragma("user_version")?);
        let is_new = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0;
        if application != self.application() && !is_new {
            return Err(QueueError::Foreign(self.file.clone()));
        }
        let known = self.kind.steps.len();
        match usize::try_from(found) {
            Ok(found) if found <= known => Ok(found),
            _ => Err(QueueError::Newer { found, known: known as i64 }),
        }
    }

    fn migrate(&self, db: &mut Connection, found: usize) -> Result<(), QueueError> {
        let steps = self.kind.steps;
        if found == steps.len() {
            return Ok(());
        }
        let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in &steps[found..] {
            all.execute_batch(step)?;
        }
        all.pragma_update(None, "application_id", self.application())?;
        all.pragma_update(None, "user_version", steps.len() as i64)?;
        Ok(all.commit()?)
    }

    fn application(&self) -> i64 {
        i64::from(u32::from_be_bytes(self.kind.application))
    }
}

/// Whose lock it is, if it was written down.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
