//! Sizes and docs of a source file: small files, small functions, a module doc that gives the why.

use super::Finding;

/// Lines of a file at most.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function at most, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// What is too long, or has no module doc.
pub(super) fn check(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > FILE_LINES_MAX {
        findings.push(finding(
            name,
            1,
            format!("{} lines; a file has at most {FILE_LINES_MAX}", lines.len()),
        ));
    }
    if !lines.first().is_some_and(|line| line.starts_with("//!") || line.starts_with("#!")) {
        findings.push(finding(name, 1, "starts without a module doc (`//!`) that gives the why".into()));
    }
    for (start, length) in functions(&lines) {
        if length > FUNCTION_LINES_MAX {
            findings.push(finding(
                name,
                start + 1,
                format!("a function of {length} lines; at most {FUNCTION_LINES_MAX}"),
            ));
        }
    }
    findings
}

fn finding(name: &str, line: usize, what: String) -> Finding {
    Finding { place: format!("{name}:{line}"), what }
}

/// Start and length of each function, found by indentation, which rustfmt makes reliable.
fn functions(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        if !opens_function(line) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        let semicolon = lines[start..]
            .iter()
            .take(12)
            .position(|l| l.ends_with(';') && l.len() - l.trim_start().len() == indent);
        let end = lines[start + 1..].iter().position(|l| *l == close);
        match (end, semicolon) {
            (Some(end), None) => found.push((start, end + 2)),
            (Some(end), Some(declared)) if declared > end => found.push((start, end + 2)),
            _ => {}
        }
    }
    found
}

fn opens_function(line: &str) -> bool {
    let words = line.trim_start();
    let Some(at) = words.find("fn ") else { return false };
    !line.trim_end().ends_with('}')
        && words[..at].split_whitespace().all(|word| {
            matches!(word, "pub" | "async" | "const" | "unsafe" | "extern" | "\"C\"")
                || word.starts_with("pub(")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_function_is_found_and_a_short_one_is_not() {
        let body = "        x();\n".repeat(FUNCTION_LINES_MAX);
        let long = format!("//! Why.\nimpl A {{\n    pub(crate) async fn f() {{\n{body}    }}\n}}\n");
        assert_eq!(check("a.rs", &long).len(), 1);
        assert!(check("a.rs", "//! Why.\nfn f() {\n    x();\n}\n").is_empty());
    }

    #[test]
    fn a_file_without_a_module_doc_is_found() {
        assert_eq!(check("a.rs", "fn f() {}\n").len(), 1);
    }

    #[test]
    fn a_long_file_is_found() {
        let text = format!("//! Why.\n{}", "const A: u8 = 0;\n".repeat(FILE_LINES_MAX));
        assert_eq!(check("a.rs", &text).len(), 1);
    }

    #[test]
    fn a_declaration_without_a_body_is_no_function() {
        let lines = ["trait A {", "    fn f(&self);", "    fn g(&self) {", "    }", "}"];
        assert_eq!(functions(&lines), [(2, 2)]);
    }
}
