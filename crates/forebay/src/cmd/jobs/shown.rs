//! What an agent answers, for people.

use std::fmt::Write as _;

use serde_json::Value;

/// The columns of each kind of row: those that it has are shown.
const COLUMNS: [&str; 12] = [
    "id", "name", "state", "presence", "action", "edge", "kind", "outcome", "class", "label", "created",
    "url",
];

/// A value as a word.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// One line of a table. What is missing in a column that others have is a hyphen.
pub(super) fn row(item: &Value) -> String {
    let mut words: Vec<_> =
        COLUMNS.iter().filter_map(|name| item.get(name)).map(|value| format!("{:<9}", text(value))).collect();
    if let Some(rows) = item.get("rows") {
        words.push(tally(rows));
    }
    for lane in ["control", "bulk"] {
        if let Some(of) = item.get(lane) {
            words.push(format!("{lane} {}/{} waiting {}", of["in_use"], of["limit"], of["waiting"]));
        }
    }
    words.join("  ").trim_end().to_owned()
}

/// Names and values, one a line; what has names and values itself has a line for each.
pub(super) fn fields(value: &Value) -> String {
    let mut lines = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(_) if name == "rows" => line(&mut lines, name, &tally(value)),
            Some(inner) => {
                for (part, value) in inner {
                    line(&mut lines, &format!("{name} {part}"), &text(value));
                }
            }
            None => line(&mut lines, name, &text(value)),
        }
    }
    lines
}

fn line(lines: &mut String, name: &str, shown: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(lines, "{name:<17} {shown}");
}

fn tally(rows: &Value) -> String {
    let counts = rows.as_object().into_iter().flatten().filter(|(_, count)| count.as_u64() != Some(0));
    counts.map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
