//! Functions, files and lines for the addresses of this process.
//!
//! The debug information is that of the running binary, read through a mapping of its file. What the reader builds
//! up on the way is given back when the profile is done: [`Symbols`] clears it in `Drop`, so that looking costs
//! memory only while somebody looks. Where that information has a function's own name only (line tables without
//! linkage names), the name is given the path of its file, so that one `poll` can be told from another.
//!
//! Looking up takes a lock of the `backtrace` crate that nothing on the data path
//! takes.

use std::{ffi::c_void, path::Path};

use tokio::time::Instant;

use super::REPORT_TIME;

/// One function at an address, with the place that it was in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// Looks addresses up for as long as it may take.
#[derive(Debug)]
pub(crate) struct Symbols {
    until: Instant,
}

impl Symbols {
    pub(crate) fn new() -> Self {
        Self { until: Instant::now() + REPORT_TIME * 2 / 3 }
    }

    /// What is at the instruction before `address` (addresses of stacks are those of returns): inlined functions
    /// first, then the one that they were inlined into. Nothing if it is not known, or if time has run out.
    pub(crate) fn places(&self, address: usize) -> Vec<Place> {
        let mut places = Vec::new();
        if Instant::now() > self.until {
            return places;
        }
        backtrace::resolve(address as *mut c_void, |symbol| {
            let file = symbol.filename().map(Path::to_string_lossy).unwrap_or_default().into_owned();
            // The alternate form is without the hash that tells instances apart.
            let name = symbol.name().map_or_else(|| "?".to_owned(), |name| format!("{name:#}"));
            let mangled = symbol.name().is_some_and(|name| name.as_bytes().starts_with(b"_"));
            let function = if mangled { name } else { qualified(&name, &file) };
            places.push(Place { function, file, line: symbol.lineno().unwrap_or(0) });
        });
        places
    }
}

impl Drop for Symbols {
    fn drop(&mut self) {
        backtrace::clear_symbol_cache();
    }
}

/// `poll<T>` of `…/hyper-1.12.0/src/proto/h1/conn.rs` is `hyper::proto::h1::conn::poll`. Not quite what the compiler
/// calls it (an inner module or an `impl` has no place in it), but unmistakable. Files that are not of a crate leave
/// the name as it is.
fn qualified(name: &str, file: &str) -> String {
    let parameters = name.find('<').filter(|&at| at > 0);
    let own = &name[..parameters.unwrap_or(name.len())];
    let Some((before, module)) = file.strip_suffix(".rs").and_then(|path| path.rsplit_once("/src/")) else {
        return own.to_owned();
    };
    let directory = before.rsplit('/').next().unwrap_or_default();
    // A crate of the registry carries its version.
    let package = match directory.rsplit_once('-') {
        Some((package, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => package,
        _ => directory,
    };
    let module = module.strip_suffix("/mod").unwrap_or(module);
    let module = if matches!(module, "lib" | "main") { "" } else { module };
    let path = [&package.replace('-', "_"), module].map(|part| part.replace('/', "::"));
    let path: Vec<&str> = path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    format!("{}::{own}", path.join("::"))
}

#[cfg(test)]
mod tests {
    use super::qualified;

    #[test]
    fn a_bare_name_gets_the_path_of_its_file() {
        let of = |name, file| qualified(name, file);
        assert_eq!(
            of("poll<A, B<C>>", "/r/hyper-1.12.0/src/proto/h1/conn.rs"),
            "hyper::proto::h1::conn::poll"
        );
        assert_eq!(of("fold", "/rustc/59807/library/core/src/iter/mod.rs"), "core::iter::fold");
        assert_eq!(of("{closure#0}", "/w/crates/forebay-net/src/lib.rs"), "forebay_net::{closure#0}");
        assert_eq!(of("<T>::f", "/a/b-c/src/x.rs"), "b_c::x::<T>::f");
        assert_eq!(of("imalloc", "/b/jemalloc/src/jemalloc.c"), "imalloc");
        assert_eq!(of("main", ""), "main");
    }
}
