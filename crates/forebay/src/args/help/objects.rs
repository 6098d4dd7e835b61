//! The words of the commands on objects.

pub(in crate::args) const GET: &str = "Fetch objects from S3 or a web server";

pub(in crate::args) const GET_LONG: &str = "\
Fetch objects from S3 or a web server, to files or to standard output.

Objects above 10 MiB come in ranges over several connections, straight to their places in the file: memory does not depend on \
their size. A file is written beside its target and gets its name when it is whole, proven as far as --verify demands, and on the \
disk. What a kill, a full disk or a lost network leaves is picked up by the same command: finished pieces are not fetched again. An \
object that changes meanwhile is an error and never a mixture.";

pub(in crate::args) const GET_EXAMPLES: &str = "\
Examples:
  forebay get s3://bucket/big.iso
  forebay get s3://bucket/big.iso /data/ --verify full --memory 32MiB
  forebay get s3://bucket/logs/ logs/ -r --include '*.gz'
  forebay get 's3://bucket/logs/2026-*/a.gz' logs/
  forebay get s3://bucket/data.tar.zst - | tar --zstd -x
  forebay get https://example.com/big.iso --digest sha256:9f86d081884c7d65…
  forebay get --files-from list.txt /data/";

pub(in crate::args) const LS: &str = "List objects, or buckets";

pub(in crate::args) const LS_LONG: &str = "\
List objects, or buckets, in the order of their names, a page at a time.

Without -r, keys that go on after the next / are one line.";

pub(in crate::args) const LS_EXAMPLES: &str = "\
Examples:
  forebay ls
  forebay ls s3://bucket/logs/ -H
  forebay ls s3://bucket -r --include '*.gz'
  forebay ls s3://bucket -r --json | jq -r .key
  forebay ls s3://bucket/report.html --versions";

pub(in crate::args) const DU: &str = "Count objects and their bytes";

pub(in crate::args) const DU_LONG: &str = "\
Count objects and their bytes, by storage class.";

pub(in crate::args) const DU_EXAMPLES: &str = "\
Examples:
  forebay du s3://bucket/logs/ -H";

pub(in crate::args) const CAT: &str = "Write objects to standard output";

pub(in crate::args) const CAT_LONG: &str = "\
Write objects to standard output, one after the other, each from its first byte to its last or an error.";

pub(in crate::args) const CAT_EXAMPLES: &str = "\
Examples:
  forebay cat s3://bucket/a.gz s3://bucket/b.gz | zcat";

pub(in crate::args) const RM: &str = "Delete objects";

pub(in crate::args) const RM_LONG: &str = "\
Delete objects, up to a thousand in a request. What was not there counts as deleted.";

pub(in crate::args) const RM_EXAMPLES: &str = "\
Examples:
  forebay rm s3://bucket/a s3://bucket/b
  forebay rm -r s3://bucket/tmp/ --dry-run
  forebay rm 's3://bucket/logs/2024-**'
  forebay rm s3://bucket/report.html --version-id 3HL4kqtJlcpXroDTDmJ";

pub(in crate::args) const STAT: &str = "Say all that is known of objects";

pub(in crate::args) const STAT_LONG: &str = "\
Say all that is known of objects: length, time, entity tag, version, digest, and what is stored with them.";

pub(in crate::args) const STAT_EXAMPLES: &str = "\
Examples:
  forebay stat s3://bucket/big.iso
  forebay stat s3://bucket/big.iso --json | jq .checksum";

pub(in crate::args) const MB: &str = "Make a bucket";
pub(in crate::args) const MB_EXAMPLES: &str = "\
Examples:
  forebay mb s3://bucket";

pub(in crate::args) const RB: &str = "Remove a bucket, which must be empty";
pub(in crate::args) const RB_EXAMPLES: &str = "\
Examples:
  forebay rb s3://bucket";

pub(in crate::args) const PRESIGN: &str = "Make an address that works without credentials, for a while";

pub(in crate::args) const PRESIGN_LONG: &str = "\
Make an address that works without credentials, for a while. Whoever has it may use it: it is a secret.";

pub(in crate::args) const PRESIGN_EXAMPLES: &str = "\
Examples:
  forebay presign s3://bucket/big.iso --expires 15m
  curl -T big.iso \"$(forebay presign s3://bucket/big.iso --method PUT)\"";

pub(in crate::args) const ABORT: &str = "Give up uploads that nobody finishes";

pub(in crate::args) const ABORT_LONG: &str = "\
Give up uploads that nobody finishes. Their parts cost storage and are seen by no listing; an upload that is still under way \
elsewhere fails if it is given up, so only old ones are.";

pub(in crate::args) const ABORT_EXAMPLES: &str = "\
Examples:
  forebay abort-uploads s3://bucket --older-than 7d --dry-run";

pub(in crate::args) const INCLUDE_LONG: &str = "\
Take what matches. Rules are read in the order in which they are written, and the last one that matches decides, as in .gitignore. \
What no rule matches is taken, unless the first rule is an --include. A pattern without a / is matched against the last part of a \
name, at any depth; one with a / against all of the name below the source; one that ends in / against everything in \
directories of that name. * and ? stop at a /, ** does not.";

pub(in crate::args) const BENCH: &str = "Measure on this machine, against your own objects";

pub(in crate::args) const STRATEGIES: &str = "Fetch an object in three ways, and say what each costs";

pub(in crate::args) const STRATEGIES_LONG: &str = "\
Fetch an object in three ways, and say what each costs: one stream, ranges in parallel, and the whole body in memory. Each runs in a \
process of its own, in turns; rate, processor time and peak memory are those of the median run.";

pub(in crate::args) const STRATEGIES_EXAMPLES: &str = "\
Examples:
  forebay bench strategies s3://bucket/big.iso
  forebay bench strategies https://example.com/big.iso --runs 5 --plot strategies.svg";
