//! What the project proves itself with: servers as processes, clients that misbehave on purpose,
//! memory cgroups that count the kernel's share, and bytes that can be checked at any offset.
//!
//! A promise about memory is only as good as its counter, so the counters live here and the naive
//! way of doing the same work lives beside them: a scenario first shows that the naive peer fails
//! by a counter, and only then that forebay passes by the same one.
//!
//! | file | what it is |
//! |---|---|
//! | [`process`] | start a server on port 0, read its ready line, stop it by its process id |
//! | [`admin`] | the ledger of a running forebay, read from its `/memory` |
//! | `family` | a process and those that it has started, ended so that none is left |
//! | [`figures`] | processor time and memory of a process and its children, from `/proc` |
//! | [`peak`] | the most memory that a process has had |
//! | [`sockets`] | the sockets of a process by their state |
//! | [`allocations`] | an allocator that counts |
//! | [`cgroup`] | a memory cgroup (v1 or v2) that a server runs in, and its peak |
//! | [`readers`] | readers that stop reading, by the thousand, in one thread |
//! | [`small_disk`] | a disk that is soon full |
//! | [`slow`] | clients that send or read a few bytes at a time |
//! | [`faults`] | rounds of clients and files that misbehave at random, with a seed |
//! | [`fetch`] | a download that is checked as it passes |
//! | [`raw`] | bytes on a socket, for requests that no library would send |
//! | [`response`] | an HTTP/1.1 response parsed from pieces |
//! | [`pattern`] | seeded bytes, verifiable at any offset, and sparse files |
//! | [`digest`] | SHA-256 of what passes |
//! | [`cert`] | a certificate for the length of a test |
//! | [`fake`] | what the fake servers have in common: faults, scripts, what they were asked |
//! | [`fake_s3`] | an S3 in this process |
//! | [`fake_origin`] | a web server in this process |
//! | [`fake_edge`] | a cache in this process, which may lie |
//! | [`fake_receiver`] | a receiver of webhooks in this process |
//! | [`fault_proxy`] | a TCP proxy that cuts, stalls and drips |
//! | [`cable`] | two network namespaces, and the cable between them, which can be pulled |
//! | [`trials`] | transfers that are killed, or whose source is replaced, at a random moment |
//! | [`agent`] | a `forebay agent` as a process, and its HTTP interface |
//! | [`edges`] | caches that others wrote: Traffic Server, Varnish, nginx, Squid |
//! | [`nats`] | the queue of a fleet |
//! | [`peer`] | the naive servers |
//! | [`naive`] | the naive clients |
//! | [`nginx`] | nginx as the peer to beat |
//! | [`garage`] | an S3 that others wrote |
//! | [`notice`] | what a test could not show on this machine |

pub mod admin;
pub mod agent;
pub mod allocations;
pub mod cable;
pub mod cert;
pub mod cgroup;
pub mod digest;
pub mod edges;
pub mod fake;
pub mod fake_edge;
pub mod fake_origin;
pub mod fake_receiver;
pub mod fake_s3;
mod family;
pub mod fault_proxy;
pub mod faults;
pub mod fetch;
pub mod figures;
pub mod garage;
pub mod naive;
pub mod nats;
pub mod nginx;
pub mod notice;
pub mod pattern;
pub mod peak;
pub mod peer;
pub mod process;
pub mod raw;
pub mod readers;
pub mod response;
pub mod slow;
pub mod small_disk;
pub mod sockets;
pub mod trials;
