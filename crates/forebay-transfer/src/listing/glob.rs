//! One pattern: what `*`, `**`, `?` and `[…]` stand for.
//!
//! A pattern is a list of steps, and a text is matched by walking it once with the set of all steps that it may have come to. So the time is
//! that of the text times that of the pattern, whatever the pattern: `*a*a*a*a*b` is no worse than others.

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(super) struct Glob(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// This character.
    Is(char),
    /// `?`: any but a slash.
    One,
    /// `[…]`: one of several, or none of them; never a slash.
    OneOf { ranges: Vec<(char, char)>, negated: bool },
    /// `*`: any number but of slashes.
    Within,
    /// `**`: any number of any.
    Over,
    /// `**/`: nothing, or what is [`Inside`](Step::Inside), which is the next step.
    Below,
    /// All up to and with a slash.
    Inside,
}

/// A bracket that is never closed, or that has nothing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a [ needs what to match and a ]; to mean the character itself write [[]")]
pub(super) struct Unclosed;

impl Glob {
    pub(super) fn new(pattern: &str) -> Result<Self, Unclosed> {
        let mut steps = Vec::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let at_a_part = matches!(steps.last(), None | Some(Step::Is('/') | Step::Inside));
            let (step, behind) = match first {
                '*' if at_a_part && rest.starts_with("**/") => (Step::Below, &rest[3..]),
                '*' if rest.starts_with("**") => (Step::Over, rest.trim_start_matches('*')),
                '*' => (Step::Within, &rest[1..]),
                '?' => (Step::One, &rest[1..]),
                '[' => one_of(&rest[1..])?,
                other => (Step::Is(other), &rest[other.len_utf8()..]),
            };
            let enters = step == Step::Below;
            steps.push(step);
            steps.extend(enters.then_some(Step::Inside));
            rest = behind;
        }
        Ok(Self(steps))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut at = vec![false; self.0.len() + 1];
        at[0] = true;
        self.pass(&mut at);
        for character in text.chars() {
            let mut next = vec![false; at.len()];
            for (place, step) in self.0.iter().enumerate().filter(|(place, _)| at[*place]) {
                match step {
                    Step::Is(wanted) => next[place + 1] |= *wanted == character,
                    Step::One => next[place + 1] |= character != '/',
                    Step::OneOf { ranges, negated } => {
                        let listed = ranges.iter().any(|(from, to)| (*from..=*to).contains(&character));
                        next[place + 1] |= listed != *negated && character != '/';
                    }
                    Step::Within => next[place] |= character != '/',
                    Step::Over => next[place] = true,
                    Step::Inside => {
                        next[place] = true;
                        next[place + 1] |= character == '/';
                    }
                    Step::Below => {}
                }
            }
            self.pass(&mut next);
            at = next;
        }
        at[self.0.len()]
    }

    /// Passes by the steps that may stand for nothing.
    fn pass(&self, at: &mut [bool]) {
        for (place, step) in self.0.iter().enumerate().filter(|(_, step)| step.may_be_nothing()) {
            at[place + 1] |= at[place];
            if *step == Step::Below {
                at[place + 2] |= at[place];
            }
        }
    }
}

impl Step {
    fn may_be_nothing(&self) -> bool {
        matches!(self, Self::Within | Self::Over | Self::Below)
    }
}

/// What stands in brackets, and what follows them.
fn one_of(text: &str) -> Result<(Step, &str), Unclosed> {
    let (negated, inside) = match text.strip_prefix(['!', '^']) {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    // A bracket that comes first is one of the characters.
    let from = inside.chars().next().map_or(0, char::len_utf8);
    let end = inside.get(from..).and_then(|rest| rest.find(']')).ok_or(Unclosed)? + from;
    let mut ranges = Vec::new();
    let mut rest = &inside[..end];
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        let last = rest.strip_prefix('-').and_then(|behind| behind.chars().next());
        if let Some(last) = last {
            rest = &rest[1 + last.len_utf8()..];
        }
        ranges.push((first, last.unwrap_or(first)));
    }
    Ok((Step::OneOf { ranges, negated }, &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn each_sign_stands_for_what_is_documented() {
        for (pattern, yes, no) in [
            ("a", "a", "b"),
            ("a?c", "a\u{1f5fb}c", "a/c"),
            ("*.gz", ".gz", "a/b.gz"),
            ("a*c", "abbc", "ab/c"),
            ("**.gz", "a/b.gz", "a/b.txt"),
            ("a**", "a/b/c", "b"),
            ("a**z", "az", "ay"),
            ("**/b", "b", "ab"),
            ("**/b", "a/a/b", "a/ab"),
            ("a/**/b", "a/b", "ab"),
            ("a/**/b", "a/x/y/b", "a/x/yb"),
            ("**/tmp/**", "x/tmp/y/z", "x/tmpy/z"),
            ("[a-c]x", "bx", "dx"),
            ("[!a-c]x", "dx", "/x"),
            ("[]x]", "]", "y"),
            ("[[]x", "[x", "x"),
            ("[a-]", "-", "b"),
            ("{a,b}", "{a,b}", "a"),
            ("\\*", "\\anything", "*"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(!matches(pattern, no), "{pattern} {no}");
        }
        for bad in ["[", "[]", "a[!]", "[a"] {
            assert_eq!(Glob::new(bad).map(|_| ()), Err(Unclosed), "{bad}");
        }
    }

    #[test]
    fn no_pattern_is_slow() {
        let pattern = format!("{}b", "*a".repeat(50));
        assert!(!matches(&pattern, &"a".repeat(1024)));
    }
}
