//! `docs/benchmarks.md` is written by several benches. Those that own a section of it leave the rest as it is.

use std::fs;

use anyhow::Context as _;

use crate::run;

/// Replaces the section of this name, or puts it at the end.
pub(crate) fn write_section(name: &str, text: &str) -> anyhow::Result<()> {
    let path = run::root().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, with_section(&page, name, text)).context("the page")?;
    eprintln!("wrote the section {name} of docs/benchmarks.md");
    Ok(())
}

/// The sections of the page as it is now, for those who write all that is around them.
pub(crate) fn sections() -> String {
    let page = fs::read_to_string(run::root().join("docs/benchmarks.md")).unwrap_or_default();
    let start = page.find("\n<!-- begin ").unwrap_or(page.len());
    page[start..].to_owned()
}

fn with_section(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("\n<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (before, after) = match (page.find(&begin), page.find(&end)) {
        (Some(from), Some(to)) if from < to => (&page[..from], &page[to + end.len()..]),
        _ => (page, ""),
    };
    format!("{before}{begin}{text}{end}{after}")
}

#[cfg(test)]
mod tests {
    use super::with_section;

    #[test]
    fn a_section_is_put_at_the_end_and_replaced_where_it_stands() {
        let page = with_section("# Page\n", "a", "one\n");
        let page = with_section(&page, "b", "two\n");
        let page = with_section(&page, "a", "three\n");
        assert_eq!(
            page,
            "# Page\n\n<!-- begin a -->\nthree\n<!-- end a -->\n\n<!-- begin b -->\ntwo\n<!-- end b -->\n"
        );
    }
}
