//! One HTTP/2 stream among others: seen by itself, judged by itself, ended by itself.
//!
//! hyper runs each stream in a task that it hands to an executor, and asks a body for more only while the
//! client grants the stream a window. A body can therefore not end a stream whose client has stopped: it is
//! not asked. So the executor is ours, and wraps each task in one that can be told to stop ([`task`]).
//! Dropping hyper's future resets the stream (`RST_STREAM`, CANCEL) and nothing else.
//!
//! That works as long as the response's end is not queued: a stream whose end is queued counts as closed,
//! though its bytes may wait for a window for ever. So the end of every body that is not short is held back
//! until its bytes have left ([`body`]); of a short one the end goes with the data, and if that waits too long
//! the whole connection is cut.
//!
//! What has left is known to the byte: the frames that hyper holds report when the connection's I/O takes
//! them ([`lane`]). So a body, and whatever it holds, lives until its last byte is in the socket here too.

pub(crate) mod body;
pub(crate) mod lane;
pub(crate) mod task;
