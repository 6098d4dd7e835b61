//! How much at once: requests in flight, requests per second, bytes per second.
//!
//! A request is in flight until its *body* has ended. A permit that is returned with the response head
//! would let any number of slow downloads through a limit of ten.

pub mod bandwidth;
pub mod in_flight;
pub mod request_rate;
