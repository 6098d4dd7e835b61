//! The commands, one file each.

pub(crate) mod agent;
pub(crate) mod bench;
pub(crate) mod buckets;
pub(crate) mod cat;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod jobs;
mod keyring;
pub(crate) mod link_key;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod plan;
pub(crate) mod rm;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod stat;
pub(crate) mod token;
mod versions;
