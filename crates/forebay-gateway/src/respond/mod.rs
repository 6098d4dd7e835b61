//! From a request and what is known of an object to a response: decide purely, then act.

pub mod decide;
