//! Telling others that a job is over.
//!
//! A job may name a URL that hears of its end by a `POST`, signed as the convention of Standard Webhooks (version 1) has it: `webhook-id` is
//! the same in every try, so a receiver that hears twice can tell; `webhook-signature` is an HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY` for each secret there is, so that secrets can be changed without a gap.
//!
//! Whoever may submit jobs could make the agent send requests into the network where it runs. So it tells nobody but those
//! whom its operator has named by the beginnings of their URLs, follows no redirect, and reports of the answer no more than its status.
//!
//! A job is told at least once, from the queue: what was not acknowledged when the process died is told again. A receiver that does not
//! acknowledge is asked again, each time later, for a bounded time, under the brakes that all jobs of that receiver share; then the job stays listed as undelivered.
//!
//! - [`Secret`], [`Secrets`]: who it comes from;
//! - [`Receivers`]: who may be told;
//! - [`Message`]: what is said;
//! - [`Courier`]: when, and what becomes of it; `sending`: one try.

mod courier;
mod message;
mod receivers;
mod secret;
mod sending;

pub use courier::{Courier, CourierOptions};
pub use message::{Ended, Message};
pub use receivers::{Receivers, Refused, UrlPrefixError};
pub use secret::{Secret, SecretError, Secrets};
