//! As many keys as anybody has, in memory that does not follow their number.

use std::io::Read as _;
use std::process::Stdio;

use forebay_testkit::peak;

use crate::bucket::Bucket;

const FEW: u64 = 2_000;
const MANY: u64 = 1_000_000;
/// What may differ between two runs of the same program: allocators keep a page here and there. The keys of all would take ten times as much.
const NOISE: u64 = 4 << 20;

/// Runs it, and returns the lines that it printed and the most memory that it had.
fn run(bucket: &Bucket, words: &[&str]) -> (u64, u64) {
    let mut child = bucket.command(words).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let watch = peak::Watch::start(child.id());
    let (mut out, mut buffer, mut lines) = (child.stdout.take().unwrap(), vec![0; 65_536], 0);
    loop {
        let read = out.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    assert!(child.wait().unwrap().success(), "{words:?}");
    (lines, watch.finish())
}

#[test]
fn a_million_keys_are_listed_in_the_memory_of_a_page() {
    let bucket = Bucket::new();
    bucket.s3.create_synthetic("few", FEW, 7);
    bucket.s3.create_synthetic("many", MANY, 7);
    let (lines, few) = run(&bucket, &["ls", "s3://few", "-r"]);
    assert_eq!(lines, FEW);
    let (lines, many) = run(&bucket, &["ls", "s3://many", "-r", "--json"]);
    assert_eq!(lines, MANY);
    assert!(many <= few + NOISE, "{few} bytes for {FEW} keys, {many} for {MANY}");
    let sum = bucket.ok(&["du", "s3://few", "--json"]);
    assert!(sum.contains(&FEW.to_string()) && sum.contains(&(FEW * 7).to_string()), "{sum}");
}
