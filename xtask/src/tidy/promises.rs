//! Every promise has a test: `docs/semantics.md` says what is promised, one row each, and the last cell of a row names
//! the test functions that hold us to it. Other pages name tests too, in their sentences. A name that is no test any more,
//! or never was one, is found here.

use std::collections::HashSet;

use super::Finding;

/// The page of promises.
pub(super) const PAGE: &str = "docs/semantics.md";
/// Pages that name tests among other things.
pub(super) const OTHERS: [&str; 3] = ["docs/http.md", "docs/memory.md", "docs/metrics.md"];

/// A name with so many underscores is a sentence, and so a test's.
const SENTENCE: usize = 3;

/// The names of all test functions of a source file: those that a test attribute stands before, and those that a `contract!` lists.
pub(super) fn tests_in(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_test = false;
    let mut is_contract = false;
    for line in text.lines().map(str::trim_start) {
        is_contract =
            (is_contract && line != "}") || (line.starts_with("contract! {") && line.ends_with("=>"));
        if let Some((_file, name)) = line.trim_end_matches(',').split_once("::").filter(|_| is_contract) {
            found.push(name);
            continue;
        }
        let words = line.strip_prefix("async ").unwrap_or(line);
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = words.strip_prefix("fn ") {
            found.extend(rest.split(['(', '<']).next().filter(|_| is_test));
            is_test = false;
        } else if !(line.starts_with("#[") || line.starts_with("//")) {
            is_test = false;
        }
    }
    found
}

/// Rows of the page of promises without a test, and tests that do not exist.
pub(super) fn check(page: &str, tests: &HashSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let Some(cells) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else { continue };
        let proof = cells.rsplit(" | ").next().unwrap_or_default();
        if proof == "test" {
            continue;
        }
        let names: Vec<&str> = quoted(proof).collect();
        if names.is_empty() {
            findings.push(Finding {
                place: format!("{PAGE}:{}", number + 1),
                what: "a promise without a test".into(),
            });
        }
        findings.extend(names.into_iter().filter_map(|name| missing(PAGE, number, name, tests)));
    }
    findings
}

/// Tests that another page names and that do not exist.
pub(super) fn check_names(name: &str, page: &str, tests: &HashSet<String>) -> Vec<Finding> {
    let is_sentence = |word: &&str| {
        word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && word.matches('_').count() >= SENTENCE
            && !(word.starts_with("forebay_") || word.starts_with("process_"))
    };
    let mut findings = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let words = quoted(line).filter_map(|path| path.rsplit("::").next()).filter(is_sentence);
        findings.extend(words.filter_map(|word| missing(name, number, word, tests)));
    }
    findings
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn missing(page: &str, number: usize, name: &str, tests: &HashSet<String>) -> Option<Finding> {
    let finding =
        || Finding { place: format!("{page}:{}", number + 1), what: format!("there is no test `{name}`") };
    (!tests.contains(name)).then(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests() -> HashSet<String> {
        let text = "    #[test]\n    /// Why.\n    fn it_holds_to_the_end() {\n    }\n    fn a_mere_helper_of_it() {\n";
        tests_in(text).into_iter().map(Into::into).collect()
    }

    #[test]
    fn a_promise_without_its_test_is_found() {
        let page = "| promise | test |\n|---|---|\n| It holds. | `it_holds_to_the_end` |\n";
        assert!(check(page, &tests()).is_empty());
        assert_eq!(check("| It flies. | `it_flies` |\n", &tests()).len(), 1);
        assert_eq!(check("| It helps. | `a_mere_helper_of_it` |\n", &tests()).len(), 1, "no test");
        assert_eq!(check("| It sings. | by hand |\n", &tests()).len(), 1);
    }

    #[test]
    fn what_a_contract_lists_is_a_test() {
        let text = "contract! { server =>\n    keys::they_come_in_order,\n}\nuse keys::they_do_not;\n";
        assert_eq!(tests_in(text), ["they_come_in_order"]);
    }

    #[test]
    fn a_sentence_that_names_no_test_is_found_on_other_pages() {
        let found = |text: &str| check_names("a.md", text, &tests()).len();
        assert_eq!(found("It holds (`module::it_holds_to_the_end`), says `some_thing`."), 0);
        assert_eq!(found("See `forebay_lease_in_use_bytes`."), 0, "a metric");
        assert_eq!(found("It flies (`module::it_flies_to_the_end`)."), 1);
    }
}
