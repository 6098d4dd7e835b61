//! The words of the commands that store objects.

pub(in crate::args) const PUT: &str = "Store files, or standard input, in S3";

pub(in crate::args) const PUT_LONG: &str = "\
Store files, or standard input, in S3.

Large files go up in parts, several at once; an object is seen whole or not at all. What a kill leaves is picked up by the same \
command: parts that arrived are checked against what the store has and are not sent again. Standard input may be of any length.";

pub(in crate::args) const PUT_EXAMPLES: &str = "\
Examples:
  forebay put big.iso s3://bucket/
  forebay put big.iso s3://bucket/images/big.iso --no-clobber --checksum crc64nvme
  forebay put site s3://bucket/site/ -r --cache-control 'public, max-age=3600'
  tar c dir | forebay put - s3://bucket/dir.tar
  forebay put report.html s3://bucket/report.html --expires 10m";

pub(in crate::args) const CP: &str = "Copy objects and files from anywhere to anywhere";

pub(in crate::args) const CP_LONG: &str = "\
Copy objects and files from anywhere to anywhere, but not from this machine to itself.

Within one S3 the store copies, and no byte passes through this machine; attributes and tags come along unless others are given. \
From one S3 to another the bytes stream through in a bounded window.";

pub(in crate::args) const CP_EXAMPLES: &str = "\
Examples:
  forebay cp s3://bucket/a s3://bucket/b
  forebay cp s3://bucket/logs/ s3://archive/logs/ -r --storage-class GLACIER_IR
  forebay cp s3://bucket/a s3://bucket/a --endpoint-url http://10.0.0.2:9000 --source-endpoint-url http://10.0.0.1:9000
  forebay cp https://example.com/big.iso s3://bucket/big.iso";

pub(in crate::args) const MV: &str = "Copy, verify, and then delete the source";

pub(in crate::args) const MV_LONG: &str = "\
Copy, verify, and then delete the source.

The source is deleted when its copy is complete and proven as far as --verify demands, each object by itself, and only if it is \
still what was copied.";

pub(in crate::args) const MV_EXAMPLES: &str = "\
Examples:
  forebay mv s3://bucket/new s3://bucket/done
  forebay mv s3://bucket/inbox/ done/ -r
  forebay mv dump.sql s3://bucket/dumps/ --verify full";

pub(in crate::args) const SYNC: &str = "Make a directory or a prefix like another one";

pub(in crate::args) const SYNC_LONG: &str = "\
Make a directory or a prefix like another one: both ways, and from S3 to S3.

Both sides are listed in the order of their names and compared while they are listed, so that memory does not depend on how many \
there are. An object is copied if its length differs or its source is newer; --checksum compares digests in place of times. What the target has and the source has not is kept, \
unless --delete: then it is deleted last, and only if every listing and every copy went well.";

pub(in crate::args) const SYNC_EXAMPLES: &str = "\
Examples:
  forebay sync site s3://bucket/site/
  forebay sync s3://bucket/site/ site --delete --dry-run
  forebay sync site s3://bucket/site/ --checksum
  forebay sync s3://bucket/ s3://backup/ --exclude 'tmp/'";
