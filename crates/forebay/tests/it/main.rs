//! The program as its users meet it: the real binary, on free ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent;
mod agent_api;
mod agent_described;
mod agent_webhooks;
mod bad_input;
mod bucket;
mod buckets;
mod cut_uploads;
mod digests;
mod docs;
mod edges;
mod ending;
mod fleet;
mod getting;
mod interrupted;
mod managed;
mod many_keys;
mod moved;
mod offline;
mod peers;
mod refusals;
mod refusing;
mod run;
mod serving;
mod serving_a_bucket;
mod serving_elsewhere;
mod settings;
mod signing;
mod storing;
mod taking_in;
mod unplugged;
mod versions;
