//! Chunks that have to be read are read into memory that was used before.

use forebay_budget::{ByteSize, Class, Ledger};
use forebay_gateway::GatewayOptions;

use crate::decode;
use crate::site::{Layers, Site, ledger};

const CHUNK: usize = 64 << 10;

fn numbers(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n / 7 % 251) as u8).collect()
}

/// The pool after both downloads: next to nothing is allocated, and what is kept is paid for.
fn is_in_use_again(site: &Site, chunks: u64) {
    site.settles();
    let stats = site.chunks.stats();
    assert_eq!(stats.allocated_total + stats.reused_total, chunks);
    // A chunk that is read, a chunk that is sent, and one that was not yet let go.
    assert!(stats.allocated_total <= 3, "{stats:?}");
    assert_eq!(site.ledger.usage(Class::IdleBuffers).in_use, stats.kept * CHUNK as u64);
}

#[test]
fn the_chunks_of_an_archive_are_used_again() {
    let site = Site::plain();
    let content = numbers(20 * CHUNK + 5);
    site.write("d/long", &content);
    for form in ["tar", "zip"] {
        let files = decode::archive(form, &site.get(&format!("/d/?archive={form}")).body);
        assert_eq!(files["d/long"], content);
    }
    is_in_use_again(&site, 40);
}

#[test]
fn the_chunks_of_bodies_that_are_looked_at_are_used_again() {
    let site = Site::with(GatewayOptions::default(), Layers::Capture);
    let content = numbers(10 * CHUNK);
    site.write("long.bin", &content);
    site.write("long.txt", &content);
    for target in ["/long.bin", "/long.txt"] {
        assert_eq!(site.get(target).body, content);
    }
    // Only text is looked at.
    is_in_use_again(&site, 10);
}

#[test]
fn what_feeds_a_compressor_is_used_again() {
    let site = Site::plain();
    let content = numbers(10 * CHUNK);
    site.write("long.txt", &content);
    for _ in 0..2 {
        let answer = site
            .connect()
            .request("GET", "/long.txt", "Accept-Encoding: gzip\r\nConnection: close\r\n")
            .unwrap();
        assert_eq!(answer.head.field("content-encoding"), Some("gzip"));
    }
    is_in_use_again(&site, 20);
}

#[test]
fn without_room_for_idle_buffers_nothing_is_kept_and_everything_works() {
    let but_idle = ledger().usages().into_iter().filter(|(class, _)| *class != Class::IdleBuffers);
    let ledger = Ledger::new(but_idle.map(|(class, usage)| (class, ByteSize::b(usage.capacity))));
    let site = Site::granted(GatewayOptions::default(), Layers::None, ledger);
    let content = numbers(5 * CHUNK);
    site.write("d/long", &content);
    let files = decode::archive("tar", &site.get("/d/?archive=tar").body);
    assert_eq!(files["d/long"], content);
    let stats = site.chunks.stats();
    assert_eq!((stats.allocated_total, stats.reused_total, stats.kept), (5, 0, 0));
}
