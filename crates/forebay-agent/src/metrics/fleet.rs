//! What goes to the NATS of a fleet and comes from there.

use std::fmt;

use super::family::{Families, Name};
use crate::queue::NatsLink;

const CONNECTED: Name =
    Name::count("forebay_fleet_connected", "1 while there is a connection to a NATS that can be used");
const SENT: Name = Name::count("forebay_fleet_rows_sent", "Rows that were sent to whoever works");
const ASKED_AFTER: Name =
    Name::count("forebay_fleet_rows_asked_after", "Rows of which nothing was heard for a while");
const SENT_AGAIN: Name =
    Name::count("forebay_fleet_rows_sent_again", "Those of them that NATS did not have any more");
const ANSWERED: Name = Name::count(
    "forebay_fleet_rows_answered",
    "Rows that came once more and were answered from what had been written down",
);
const GARBLED: Name =
    Name::count("forebay_fleet_messages_garbled", "Messages that nobody could read, and that were ended");
const FAILED: Name = Name::count(
    "forebay_fleet_pulls_failed",
    "Times that NATS was there and could not be asked for rows or outcomes",
);

/// Without a fleet nothing of it ever happens, and nobody misses a connection.
pub(super) fn write(families: &mut Families<'_>, link: Option<&NatsLink>) -> fmt::Result {
    let counts = link.map(NatsLink::counts).unwrap_or_default();
    families.gauges(CONNECTED, |samples| {
        let is_connected = link.map(|link| u8::from(link.is_connected()).into());
        is_connected.map_or(Ok(()), |is_connected| samples.gauge(&[], is_connected))
    })?;
    families.counter(SENT, counts.sent)?;
    families.counter(ASKED_AFTER, counts.asked_after)?;
    families.counter(SENT_AGAIN, counts.sent_again)?;
    families.counter(ANSWERED, counts.answered)?;
    families.counter(GARBLED, counts.garbled)?;
    families.counter(FAILED, counts.failed)
}
