//! Words that have no place in the tree: unfinished work, paths of one machine, hosts of package registries.
//!
//! The words are put together from halves, so that this file does not find itself.

use super::Finding;

/// Two halves of a word, and why it is refused.
const REFUSED: [(&str, &str, &str); 9] = [
    ("FIX", "ME", "finish it, or write down what is left in words"),
    ("todo", "!(", "never a stub"),
    ("unimplemented", "!(", "never a stub"),
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
            if line.contains(&word) {
                findings.push(Finding {
                    place: format!("{name}:{}", number + 1),
                    what: format!("`{word}`: {why}"),
                });
            }
        }
    }
    findings
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
}
