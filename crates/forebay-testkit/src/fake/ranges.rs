//! One range of bytes (RFC 9110 §14): what is malformed is ignored, as the standard has it.

/// What a request asks for of something of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Whole,
    /// First and last offset.
    Part((u64, u64)),
    /// Nothing that is there.
    Beyond,
}

/// Reads a `Range` field.
pub(crate) fn asked(range: Option<&str>, len: u64) -> Asked {
    let Some((first, last)) = range.and_then(|r| r.strip_prefix("bytes=")).and_then(|r| r.split_once('-'))
    else {
        return Asked::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Asked::Whole,
        (Ok(first), _) if first >= len => Asked::Beyond,
        (Ok(first), Ok(last)) => Asked::Part((first, last.min(len - 1))),
        (Ok(first), Err(_)) if last.is_empty() => Asked::Part((first, len - 1)),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 && len > 0 => {
            Asked::Part((len.saturating_sub(suffix), len - 1))
        }
        (Err(_), Ok(_)) if first.is_empty() => Asked::Beyond,
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_range() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part((0, 0))),
            ("bytes=90-200", Asked::Part((90, 99))),
            ("bytes=90-", Asked::Part((90, 99))),
            ("bytes=-10", Asked::Part((90, 99))),
            ("bytes=-1000", Asked::Part((0, 99))),
            ("bytes=100-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("lines=0-1", Asked::Whole),
        ] {
            assert_eq!(asked(Some(range), 100), expected, "{range}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
    }
}
