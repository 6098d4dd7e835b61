//! The crate as others use it: the incident that the access log exists for, and axum in one line.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod a_logged_request;
mod counting;
mod in_axum;
mod in_our_server;
mod remembered_clients;
mod the_log_line_that_read_the_upload;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;
