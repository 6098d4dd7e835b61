//! The ledger of a running forebay, read from its admin listener as an operator would.
//!
//! The scenarios assert the operator's own figures and no others, so that a figure that lies is a
//! failing test.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use forebay_budget::Class;
use serde_json::Value;

use crate::raw;

/// One reading of `/memory`.
#[derive(Clone, Debug)]
pub struct MemoryReport(pub Value);

/// Use of one class, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassUse {
    /// The name of the class, as in the plan.
    pub class: String,
    /// Granted and not yet returned.
    pub in_use: u64,
    /// The most that was ever in use.
    pub peak: u64,
    /// What the plan gives to the class.
    pub capacity: u64,
}

impl MemoryReport {
    /// Reads `/memory` as JSON.
    ///
    /// # Errors
    /// The admin listener does not answer, or not with JSON.
    pub fn read(admin: SocketAddr) -> io::Result<Self> {
        let fields = "Accept: application/json\r\nConnection: close\r\n";
        let answer = raw::RawConn::connect(admin)?.request("GET", "/memory", fields)?;
        if answer.head.status != 200 {
            return Err(io::Error::other(format!("/memory answered {}", answer.head.status)));
        }
        Ok(Self(serde_json::from_slice(&answer.body).map_err(io::Error::other)?))
    }

    /// Every object of the report that has `class` (or `name`) and `in_use`, wherever it stands.
    #[must_use]
    pub fn classes(&self) -> Vec<ClassUse> {
        let mut found = Vec::new();
        collect(&self.0, None, &mut found);
        found
    }

    /// Classes that hold more than they did in `before`, but for those whose holdings outlive the work: a server that
    /// was used keeps buffers for its next user, paid for, and lets them go after a while.
    #[must_use]
    pub fn held_since(&self, before: &Self) -> Vec<ClassUse> {
        let rest = before.classes();
        let stands =
            |c: &ClassUse| Class::ALL.iter().any(|class| class.is_standing() && class.name() == c.class);
        let at_rest = |c: &ClassUse| rest.iter().find(|r| r.class == c.class).map_or(0, |r| r.in_use);
        self.classes().into_iter().filter(|c| !stands(c) && c.in_use > at_rest(c)).collect()
    }
}

/// Reads `/memory` until nothing is held that was not held `before`: a server at rest holds the place of its next
/// connection, and itself.
///
/// # Errors
/// What is still held after `patience`; nothing if the admin listener does not answer.
pub async fn wait_until_at_rest(
    admin: SocketAddr,
    before: &MemoryReport,
    patience: Duration,
) -> Result<(), Vec<ClassUse>> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tick.tick().await;
        let held = MemoryReport::read(admin).map(|now| now.held_since(before));
        match held {
            Ok(held) if held.is_empty() => return Ok(()),
            Ok(held) if tokio::time::Instant::now() > deadline => return Err(held),
            Err(_) if tokio::time::Instant::now() > deadline => return Err(Vec::new()),
            Ok(_) | Err(_) => {}
        }
    }
}

fn collect(value: &Value, key: Option<&str>, found: &mut Vec<ClassUse>) {
    match value {
        Value::Object(map) => {
            let number = |name: &str| map.get(name).and_then(Value::as_u64);
            let named = ["class", "name"].iter().find_map(|n| map.get(*n).and_then(Value::as_str)).or(key);
            if let (Some(in_use), Some(class)) = (number("in_use"), named) {
                found.push(ClassUse {
                    class: class.to_owned(),
                    in_use,
                    peak: number("peak").unwrap_or(0),
                    capacity: number("capacity").unwrap_or(0),
                });
            }
            map.iter().for_each(|(k, v)| collect(v, Some(k), found));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, None, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_found_by_name_or_by_key() {
        let report = MemoryReport(serde_json::json!({
            "ledger": [{"class": "reads", "in_use": 5, "peak": 9, "capacity": 10}],
            "fds": {"in_use": 0, "peak": 3, "capacity": 100}
        }));
        assert_eq!(report.classes().len(), 2);
        let nothing = MemoryReport(serde_json::json!({}));
        assert_eq!(report.held_since(&nothing)[0].class, "reads");
        assert!(report.held_since(&report).is_empty());
    }
}
