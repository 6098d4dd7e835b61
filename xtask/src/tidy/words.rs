//! Words that have no place in the tree: unfinished work, paths of one machine, hosts of package registries.
//!
//! The words are put together from halves, so that this file does not find itself.

use super::Finding;

/// Two halves of a word, and why it is refused.
const REFUSED: [(&str, &str, &str); 10] = [
    ("FIX", "ME", "finish it, or write down what is left in words"),
    ("todo", "!(", "never a stub"),
    ("unimplemented", "!(", "never a stub"),
    ("\"SKIP", "PED", "nobody reads the output of a test that passes: `forebay_testkit::notice::skipped`"),
    ("/ro", "ot/", "no absolute paths of one machine"),
    ("/ho", "me/", "no absolute paths of one machine"),
    ("/wo", "rk/", "no absolute paths of one machine"),
    ("static.crates", ".io", "no package registry host names"),
    ("deb.debian", ".org", "no package registry host names"),
    ("registry.npmjs", ".org", "no package registry host names"),
];

/// Every line with a refused word, but for the lock file, which cargo writes.
pub(super) fn check(name: &str, text: &str) -> Vec<Finding> {
    if name.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (first, second, why) in REFUSED {
            let word = format!("{first}{second}");
            if line.match_indices(&word).any(|(at, _)| begins_a_word(&line[..at])) {
                findings.push(Finding {
                    place: format!("{name}:{}", number + 1),
                    what: format!("`{word}`: {why}"),
                });
            }
        }
    }
    findings
}

/// Whether a word may begin here: `/x/` in the middle of a longer path is no absolute path.
fn begins_a_word(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_is_found() {
        let stub = format!("    {}{})", "todo", "!(");
        assert_eq!(check("a.rs", &stub).len(), 1);
        assert!(check("a.rs", "a list of things to do").is_empty());
    }

    #[test]
    fn a_folder_of_such_a_name_below_another_is_no_absolute_path() {
        let path = format!("{}{}", "/ro", "ot/");
        assert!(check("a.rs", &format!("`/srv{path}file`")).is_empty());
        assert_eq!(check("a.rs", &format!("`{path}file`")).len(), 1);
    }
}
