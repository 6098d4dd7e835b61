//! What all clients have in common: the program, the servers, the objects, the place to put them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use forebay_testkit::cert::Certificate;
use forebay_testkit::digest;
use forebay_testkit::fake::Content;
use forebay_testkit::fake_s3::{FakeS3, Sum};
use forebay_testkit::nginx::Nginx;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::process::Server;

use super::super::contender::Build;
use crate::run;

/// The bytes of the large object.
pub(crate) const PATTERN: Pattern = Pattern::new(0x0b5e);
/// Bytes of each small object, and how many there are.
pub(crate) const SMALL: u64 = 64 << 10;
pub(crate) const SMALLS: u64 = 10_000;

pub(crate) struct Stand {
    pub(crate) forebay: PathBuf,
    /// Where what was fetched goes.
    pub(crate) out: PathBuf,
    /// The file that is stored.
    pub(crate) file: PathBuf,
    pub(crate) large: u64,
    pub(crate) upload: u64,
    pub(crate) smalls: u64,
    pub(crate) cert: Certificate,
    pub(crate) work: PathBuf,
    large_digest: String,
    plain: Nginx,
    tls: Nginx,
}

impl Stand {
    /// Builds the program, writes the objects (of so small a part of their size), and configures the servers.
    pub(crate) fn prepare(build: Build, part: u64) -> anyhow::Result<Self> {
        if build == Build::Release {
            let args = ["build", "--release", "--package", "forebay", "--bin", "forebay"];
            run::step("build forebay", run::cargo(args))?;
        }
        let target = run::target_directory()?;
        let work = target.join("bench/transfer");
        let (site, out) = (work.join("site"), work.join("out"));
        let bucket = site.join("bucket");
        fs::create_dir_all(bucket.join("small"))?;
        fs::create_dir_all(&out)?;
        let (large, upload, smalls) = ((1 << 30) / part, (4 << 30) / part, SMALLS / part);
        object(&bucket.join("large"), PATTERN, large)?;
        let file = work.join("upload");
        object(&file, PATTERN, upload)?;
        for i in 0..smalls {
            object(&bucket.join(small_key(i)), Pattern::new(i), SMALL)?;
        }
        let cert = Certificate::create(&work, "transfer")?;
        let sum = Sum::Crc64Nvme.of(&Content::pattern(PATTERN, large));
        // The digest that S3 keeps, told as S3 tells it: of the whole object only.
        let map = format!("map $http_range $sum {{ '' '{sum}'; default ''; }}\n");
        let map = map + "map $http_range $kind { '' 'FULL_OBJECT'; default ''; }\n";
        let fields = "location = /bucket/large { add_header x-amz-checksum-crc64nvme $sum; \
                      add_header x-amz-checksum-type $kind; }";
        let nginx = |name: &str, tls| Nginx::configure_with(&work.join(name), &site, tls, &map, fields);
        Ok(Self {
            forebay: target.join("release/forebay"),
            plain: nginx("nginx", None)?,
            tls: nginx("nginx-tls", Some(&cert))?,
            large_digest: digest::of_file(&bucket.join("large"))?,
            out,
            file,
            large,
            upload,
            smalls,
            cert,
            work,
        })
    }

    /// nginx serving the bucket-shaped folder.
    pub(crate) fn nginx(&self, tls: bool) -> anyhow::Result<Server> {
        Ok(if tls { &self.tls } else { &self.plain }.start(None)?)
    }

    /// An S3 to store into: the testkit's, which keeps a pattern as numbers and is never what limits.
    pub(crate) fn s3() -> anyhow::Result<FakeS3> {
        let s3 = FakeS3::start()?;
        s3.create_bucket("bucket");
        // Half of the clients send them, and each costs the server more than all the rest.
        s3.believe_slow_digests();
        Ok(s3)
    }

    /// The file that the large object is.
    pub(crate) fn large_file(&self) -> PathBuf {
        self.work.join("site/bucket/large")
    }

    /// An empty directory.
    pub(crate) fn fresh_dir(&self, name: &str) -> io::Result<PathBuf> {
        let dir = self.work.join(name);
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(&dir)?;
        Ok(dir)
    }

    /// Removes what was fetched before.
    pub(crate) fn clear(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.out)?;
        fs::create_dir(&self.out)
    }

    /// Whether the large object is there as it should be.
    pub(crate) fn check_large(&self) -> anyhow::Result<()> {
        let found = digest::of_file(&self.out.join("large")).context("nothing was fetched")?;
        anyhow::ensure!(found == self.large_digest, "the wrong bytes were fetched");
        Ok(())
    }

    /// Whether all small objects are there, wherever below the target a client puts them.
    pub(crate) fn check_smalls(&self) -> anyhow::Result<()> {
        let mut found = 0;
        let mut folders = vec![self.out.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let index: u64 = entry.file_name().to_string_lossy().parse().context("an odd name")?;
                let wrong = Pattern::new(index).check(0, &fs::read(entry.path())?).is_err();
                anyhow::ensure!(!wrong && entry.metadata()?.len() == SMALL, "object {index} is wrong");
                found += 1;
            }
        }
        anyhow::ensure!(found == self.smalls, "{found} of {} objects were fetched", self.smalls);
        Ok(())
    }

    /// Whether the upload is there, and forgets it.
    pub(crate) fn check_upload(&self, s3: &FakeS3) -> anyhow::Result<()> {
        let object = s3.object("bucket", "up").context("nothing was stored")?;
        s3.delete("bucket", "up");
        anyhow::ensure!(object.content.len() == self.upload, "{} bytes were stored", object.content.len());
        anyhow::ensure!(object.content.check(PATTERN).is_ok(), "the wrong bytes were stored");
        anyhow::ensure!(s3.uploads("bucket").is_empty(), "an upload was left behind");
        Ok(())
    }
}

/// The key of a small object within its bucket.
pub(crate) fn small_key(index: u64) -> String {
    format!("small/{index:05}")
}

/// Writes an object unless it is there, and has it in the page cache.
fn object(path: &Path, pattern: Pattern, len: u64) -> io::Result<()> {
    if path.metadata().map_or(0, |m| m.len()) != len {
        pattern.write_file(path, len)?;
    }
    io::copy(&mut fs::File::open(path)?, &mut io::sink()).map(|_| ())
}
