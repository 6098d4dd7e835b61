//! From what a person wrote to a number: exact (no floating point), and strict, since a size that is silently
//! read as another size is an outage with a delay.

use thiserror::Error;

/// How much of a wrong text an error repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// A text that is not a size or a rate. Its message is one line: the text, the problem, what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{text}\" is not a {kind}: {problem} (write for example {example})")]
pub struct ParseUnitError {
    text: String,
    kind: &'static str,
    problem: Problem,
    example: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Problem {
    #[error("it is empty")]
    Empty,
    #[error("it cannot be negative")]
    Negative,
    #[error("it does not start with a number")]
    NoNumber,
    #[error("the unit \"{0}\" is not known")]
    Unit(String),
    #[error("it is not a whole number of bytes")]
    Fraction,
    #[error("it is more than 16 EiB")]
    TooLarge,
}

/// Numerator and denominator of a unit, in bytes.
type Unit = (u128, u128);

pub(super) fn size(text: &str) -> Result<u64, ParseUnitError> {
    number_with_unit(text.trim(), byte_unit).map_err(|problem| ParseUnitError {
        text: shown(text),
        kind: "size",
        problem,
        example: "4096, 64MiB, 1.5GiB or 10MB",
    })
}

pub(super) fn rate(text: &str) -> Result<u64, ParseUnitError> {
    number_with_unit(text.trim(), rate_unit).map_err(|problem| ParseUnitError {
        text: shown(text),
        kind: "rate",
        problem,
        example: "512KiB/s, 10MiB/s or 80Mbit/s",
    })
}

fn number_with_unit(text: &str, unit_of: fn(&str) -> Option<Unit>) -> Result<u64, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.starts_with('-') {
        return Err(Problem::Negative);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || (fraction.is_empty() && number.contains('.')) {
        return Err(Problem::NoNumber);
    }
    let (times, over) = unit_of(&unit.to_ascii_lowercase()).ok_or_else(|| Problem::Unit(shown(unit)))?;
    exact(whole, fraction, times, over)
}

/// `whole.fraction × times / over`, refused if that is no whole number of bytes in a unit that cannot be cut.
fn exact(whole: &str, fraction: &str, times: u128, over: u128) -> Result<u64, Problem> {
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 15 || (times == 1 && over == 1 && !fraction.is_empty()) {
        return Err(Problem::Fraction);
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let whole: u64 = whole.parse().map_err(|_| Problem::TooLarge)?;
    let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| Problem::NoNumber)? };
    let bytes = (u128::from(whole) * times)
        .checked_add(part * times / scale)
        .map(|scaled| scaled / over)
        .ok_or(Problem::TooLarge)?;
    u64::try_from(bytes).map_err(|_| Problem::TooLarge)
}

fn byte_unit(unit: &str) -> Option<Unit> {
    let times = match unit {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "p" | "pib" => 1 << 50,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "pb" => 1_000_000_000_000_000,
        _ => return None,
    };
    Some((times, 1))
}

fn rate_unit(unit: &str) -> Option<Unit> {
    let per_second = unit.strip_suffix("/s").unwrap_or(unit).trim_end();
    let bits = per_second.strip_suffix("bit").or_else(|| unit.strip_suffix("bps"));
    match bits {
        Some("") => Some((1, 8)),
        Some("k") => Some((1_000, 8)),
        Some("m") => Some((1_000_000, 8)),
        Some("g") => Some((1_000_000_000, 8)),
        Some(_) => None,
        None => byte_unit(per_second),
    }
}

/// The text as an error may repeat it: short, on one line, without control characters.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).collect::<String>().escape_debug().to_string();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}
