//! Who asked the interface for what.

use std::fmt;

use super::family::{Families, Name};
use crate::api::ApiFigures;

const REQUESTS: Name =
    Name::count("forebay_api_requests", "Requests to the agent's interface, by what the answer was");

pub(super) fn write(families: &mut Families<'_>, figures: &ApiFigures) -> fmt::Result {
    families.counters(REQUESTS, |samples| {
        figures.seen().iter().try_for_each(|asked| {
            let status = asked.status.to_string();
            let labels = [("route", asked.route.as_str()), ("method", asked.method), ("status", &status)];
            samples.counter(&labels, asked.count)
        })
    })
}
