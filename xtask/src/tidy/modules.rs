//! A file that no module names is not compiled, and its tests are not run: it only looks as if they were.

use std::collections::BTreeMap;
use std::path::Path;

use super::Finding;

/// Directories whose own files are crates by themselves.
const ROOTS: [&str; 5] = ["benches", "bin", "examples", "fuzz_targets", "tests"];

/// Every file that the compiler never meets. `sources` has all of the tree, by name.
pub(super) fn check(sources: &BTreeMap<String, String>) -> Vec<Finding> {
    let orphan = |name: &&String| !is_crate(name) && !is_declared(Path::new(name.as_str()), sources);
    let finding = |name: &String| Finding {
        place: name.clone(),
        what: "no `mod` names it, so it is neither compiled nor tested".into(),
    };
    sources.keys().filter(orphan).map(finding).collect()
}

fn is_crate(name: &str) -> bool {
    let path = Path::new(name);
    let dir = path.parent().and_then(Path::file_name).and_then(|dir| dir.to_str()).unwrap_or_default();
    matches!(path.file_name().and_then(|file| file.to_str()), Some("lib.rs" | "main.rs" | "build.rs"))
        || ROOTS.contains(&dir)
}

/// Whether the file that may declare this one does.
fn is_declared(path: &Path, sources: &BTreeMap<String, String>) -> bool {
    let as_module =
        |path: &Path| Some((path.file_stem()?.to_str()?.to_owned(), path.parent()?.to_path_buf()));
    let own = if path.ends_with("mod.rs") { path.parent().unwrap_or(path) } else { path };
    let Some((module, dir)) = as_module(own) else { return false };
    let beside = ["mod.rs", "lib.rs", "main.rs"].map(|name| dir.join(name));
    let declares = |parent: &Path| {
        let text = parent.to_str().and_then(|parent| sources.get(parent));
        let line = format!("mod {module};");
        text.is_some_and(|text| {
            text.lines().any(|l| l.trim_start() == line || l.ends_with(&format!(" {line}")))
        })
    };
    beside.iter().any(|parent| declares(parent)) || declares(&dir.with_extension("rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orphans(sources: &[(&str, &str)]) -> Vec<String> {
        let sources = sources.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        check(&sources).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_file_that_nobody_names_is_found() {
        let tests =
            [("c/tests/it/main.rs", "mod put;\n"), ("c/tests/it/put.rs", ""), ("c/tests/it/get.rs", "")];
        assert_eq!(orphans(&tests), ["c/tests/it/get.rs"]);
    }

    #[test]
    fn a_file_is_named_by_its_directory_whatever_form_that_has() {
        let sources = [
            ("c/src/lib.rs", "mod a;\npub(crate) mod b;\npub mod e;\n"),
            ("c/src/a.rs", "#[cfg(test)]\nmod tests;\n"),
            ("c/src/a/tests.rs", ""),
            ("c/src/b/mod.rs", "mod c;\n"),
            ("c/src/b/c.rs", ""),
            ("c/src/e.rs", ""),
            ("c/tests/alone.rs", ""),
            ("c/src/bin/program.rs", ""),
        ];
        assert_eq!(orphans(&sources), [""; 0]);
    }
}
