//! Functions, files and lines for the addresses of this process, in a fixed amount of memory.
//!
//! The usual readers of debug information build tables of whole compilation units as they look names up; in a small
//! test program that took 48 MiB for nine addresses, which a plan of 64 MiB does not have. But a profile's addresses
//! are all known before the first is looked up. So we go the other way round: the debug information is walked once,
//! front to back, and each function and line that passes is kept only if it covers one of our addresses
//! ([`dwarf`]). What remains without a name gets that of the symbol table ([`elf`]), as do the libraries that we are
//! linked to. The program's file is mapped, not read: its pages are the kernel's to take back.

mod dwarf;
mod elf;
mod maps;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
    rc::Rc,
};

use tokio::time::Instant;

use super::REPORT_TIME;

/// One function at an address, with the place that it was in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) function: Rc<str>,
    pub(crate) file: Rc<str>,
    pub(crate) line: u32,
}

/// The names of a set of addresses.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    places: HashMap<usize, Vec<Place>>,
}

/// An address that wants a name.
#[derive(Debug)]
struct Target {
    /// As it is in the stacks.
    address: usize,
    /// In the file's own address space, and one byte before: stacks hold returns, which come after their calls.
    at: u64,
    places: Vec<Place>,
}

/// Texts, each kept once: a profile has few files and functions, and many addresses in them.
#[derive(Debug, Default)]
struct Texts(HashSet<Rc<str>>);

impl Texts {
    fn keep(&mut self, text: &str) -> Rc<str> {
        if let Some(kept) = self.0.get(text) {
            return Rc::clone(kept);
        }
        let kept = Rc::from(text);
        self.0.insert(Rc::clone(&kept));
        kept
    }
}

impl Symbols {
    /// Looks up all of these addresses. What cannot be found, or not in the time that a report has, has no name.
    pub(crate) fn of(mut addresses: Vec<usize>) -> Self {
        addresses.sort_unstable();
        addresses.dedup();
        let until = Instant::now() + REPORT_TIME * 2 / 3;
        let mut places = HashMap::new();
        let mut texts = Texts::default();
        let files = match maps::read(&addresses) {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!(%error, "no names for this profile: the map of this process cannot be read");
                return Self::default();
            }
        };
        for file in files {
            match name(&file, &mut texts, until) {
                Ok(targets) => {
                    places.extend(targets.into_iter().map(|target| (target.address, target.places)))
                }
                Err(error) => {
                    tracing::warn!(%error, file = %file.path.display(), "no names for a part of a profile")
                }
            }
        }
        Self { places }
    }

    /// What is at an address, once: inlined functions first, then the one that they were inlined into.
    pub(crate) fn take(&mut self, address: usize) -> Vec<Place> {
        self.places.remove(&address).unwrap_or_default()
    }
}

fn name(file: &maps::Mapped, texts: &mut Texts, until: Instant) -> io::Result<Vec<Target>> {
    if file.is_program() {
        let image = elf::Program::open()?;
        let mut targets = image.targets(file)?;
        dwarf::name(&image.dwarf()?, &mut targets, texts, until);
        image.name_rest(&mut targets, texts)?;
        Ok(targets)
    } else {
        elf::name_library(file, texts)
    }
}

/// A name for eyes: demangled, without the hash that tells instances apart. What is not mangled is a C function, or
/// a function whose debug information has its own name only.
fn readable(name: &str, file: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => qualified(name, file),
    }
}

/// `poll<T>` of `…/hyper-1.12.0/src/proto/h1/conn.rs` is `hyper::proto::h1::conn::poll`. Not quite what the compiler
/// calls it (an inner module or an `impl` has no place in it), but one `poll` can be told from another. Files that
/// are not of a crate leave the name as it is.
fn qualified(name: &str, file: &str) -> String {
    let parameters = name.find('<').filter(|&at| at > 0);
    let own = &name[..parameters.unwrap_or(name.len())];
    let Some((before, module)) = file.strip_suffix(".rs").and_then(|path| path.rsplit_once("/src/")) else {
        return own.to_owned();
    };
    let directory = Path::new(before).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // A crate of the registry carries its version.
    let package = match directory.rsplit_once('-') {
        Some((package, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => package,
        _ => directory,
    };
    let module = module.strip_suffix("/mod").unwrap_or(module);
    let module = if matches!(module, "lib" | "main") { "" } else { module };
    let path = [package.replace('-', "_"), module.replace('/', "::"), own.to_owned()];
    path.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[inline(always)]
    fn inlined(stack: &mut Vec<usize>) {
        backtrace::trace(|frame| {
            stack.push(frame.ip().addr());
            true
        });
    }

    #[inline(never)]
    fn caller(stack: &mut Vec<usize>) {
        inlined(stack);
        std::hint::black_box(stack);
    }

    #[test]
    fn inlined_functions_come_first_and_each_has_its_line() {
        let mut stack = Vec::new();
        caller(&mut stack);
        let mut symbols = Symbols::of(stack.clone());
        let places: Vec<_> = stack.iter().map(|address| symbols.take(*address)).collect();
        let this =
            places.iter().find(|places| places.iter().any(|place| place.function.ends_with("tests::caller")));
        let this = this.unwrap_or_else(|| panic!("{places:?}"));
        let [.., inner, outer] = &this[..] else { panic!("{this:?}") };
        assert!(inner.function.ends_with("tests::inlined"), "{this:?}");
        assert!(inner.file.ends_with("symbols/mod.rs") && outer.file == inner.file, "{this:?}");
        let source = include_str!("mod.rs");
        let line = |number: u32| source.lines().nth(number as usize - 1).unwrap().trim();
        assert_eq!(line(outer.line), "inlined(stack);");
        assert_eq!(line(inner.line), "backtrace::trace(|frame| {");
    }

    #[test]
    fn libraries_have_names_too_and_nonsense_has_none() {
        let exit = libc::exit as *const () as usize;
        let mut symbols = Symbols::of(vec![exit + 1, 8, usize::MAX]);
        assert_eq!(&*symbols.take(exit + 1)[0].function, "exit");
        assert!(symbols.take(8).is_empty() && symbols.take(usize::MAX).is_empty());
    }
}
