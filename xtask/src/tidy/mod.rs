//! The shape of the tree as a test: what a machine can see, a reviewer need not look for.

mod deps;
mod modules;
mod promises;
mod shape;
mod words;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::run;

/// One thing that is out of place.
#[derive(Debug)]
pub(crate) struct Finding {
    /// File, and line where there is one; or a crate.
    pub(crate) place: String,
    /// What is wrong, and the rule.
    pub(crate) what: String,
}

/// Checks the whole tree.
///
/// # Errors
/// All findings, a line each.
pub(crate) fn run() -> anyhow::Result<()> {
    let findings = check(&run::root())?;
    if findings.is_empty() {
        return Ok(());
    }
    for finding in &findings {
        eprintln!("{}: {}", finding.place, finding.what);
    }
    bail!("tidy found {} things out of place", findings.len())
}

fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = deps::check(&deps::metadata(root)?);
    let mut tests = HashSet::new();
    let mut sources = BTreeMap::new();
    for file in tracked(root)? {
        let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
        let name = file.to_string_lossy();
        findings.extend(words::check(&name, &text));
        if name.ends_with(".rs") {
            findings.extend(shape::check(&name, &text));
            tests.extend(promises::tests_in(&text).into_iter().map(str::to_owned));
            sources.insert(name.into_owned(), text);
        }
    }
    findings.extend(modules::check(&sources));
    let page = std::fs::read_to_string(root.join(promises::PAGE)).context(promises::PAGE)?;
    findings.extend(promises::check(&page, &tests));
    for name in promises::OTHERS {
        let page = std::fs::read_to_string(root.join(name)).context(name)?;
        findings.extend(promises::check_names(name, &page, &tests));
    }
    Ok(findings)
}

/// The files that git knows, and the new ones that it does not ignore.
pub(crate) fn tracked(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    Ok(output
        .stdout
        .split(|b| *b == 0)
        .filter(|n| !n.is_empty())
        .map(|n| String::from_utf8_lossy(n).to_string().into())
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        let findings = super::check(&crate::run::root()).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
    }
}
