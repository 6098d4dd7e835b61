//! Every promise has a test: `docs/semantics.md` says what is promised, one row each, and the last cell of a row names
//! the test functions that hold us to it. A name that is no test any more is found here.

use std::collections::HashSet;

use super::Finding;

/// The page of promises.
pub(super) const PAGE: &str = "docs/semantics.md";

/// The names of all test functions of a source file.
pub(super) fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let words = line.trim_start();
        let words = words.strip_prefix("async ").unwrap_or(words);
        words.strip_prefix("fn ")?.split(['(', '<']).next()
    })
}

/// Rows without a test, and tests that do not exist.
pub(super) fn check(page: &str, tests: &HashSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let Some(cells) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else { continue };
        let proof = cells.rsplit(" | ").next().unwrap_or_default();
        if proof == "test" {
            continue;
        }
        let names: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        let place = || format!("{PAGE}:{}", number + 1);
        if names.is_empty() {
            findings.push(Finding { place: place(), what: "a promise without a test".into() });
        }
        for name in names.into_iter().filter(|name| !tests.contains(*name)) {
            findings.push(Finding { place: place(), what: format!("there is no test `{name}`") });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_without_its_test_is_found() {
        let tests: HashSet<String> = tests_in("    #[test]\n    fn it_holds() {\n").map(Into::into).collect();
        let page = "| promise | test |\n|---|---|\n| It holds. | `it_holds` |\n";
        assert!(check(page, &tests).is_empty());
        assert_eq!(check("| It flies. | `it_flies` |\n", &tests).len(), 1);
        assert_eq!(check("| It sings. | by hand |\n", &tests).len(), 1);
    }
}
