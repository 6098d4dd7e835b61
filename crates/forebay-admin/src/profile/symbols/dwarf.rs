//! One walk through the debug information (DWARF 5 §2.17, §3.3, §6.2), keeping only what covers a target.
//!
//! For each compilation unit that has code at one of the targets: its line table, row by row, and its functions in
//! the order of the tree, so that an inlined function comes after the one that it was inlined into. Anything that
//! cannot be read is passed over: a profile with a name less is still a profile.

use std::{path::PathBuf, rc::Rc};

use gimli::{
    AttributeValue, DebuggingInformationEntry, EndianSlice, LineProgramHeader, LittleEndian, UnitHeader,
    UnitRef,
};
use tokio::time::Instant;

use super::{Place, Target, Texts, elf::Debug, readable};

type Reader<'data> = EndianSlice<'data, LittleEndian>;
type Unit<'a, 'data> = UnitRef<'a, Reader<'data>>;
type Headers<'data> = [UnitHeader<Reader<'data>>];
type Entry<'data> = DebuggingInformationEntry<Reader<'data>>;

/// A file and a line.
type Spot = (Rc<str>, u32);

/// References from a function to the one that it is an instance of, and on; more would be a circle.
const ORIGINS_MAX: usize = 16;

/// What was found of a target.
#[derive(Clone, Debug, Default)]
struct Found {
    /// File and line of the instruction.
    line: Option<Spot>,
    /// The function and those inlined at this place, outermost first, each with the place that it was called from
    /// (the outermost has none).
    functions: Vec<(Rc<str>, Option<Spot>)>,
}

/// The targets in `begin..end`; they are sorted.
pub(super) fn within(targets: &mut [Target], begin: u64, end: u64) -> &mut [Target] {
    let range = range(targets, begin, end);
    &mut targets[range]
}

fn range(targets: &[Target], begin: u64, end: u64) -> std::ops::Range<usize> {
    let from = targets.partition_point(|target| target.at < begin);
    let count = targets[from..].partition_point(|target| target.at < end);
    from..from + count
}

/// Gives their places to the targets, which are sorted; stops when the time is over.
pub(super) fn name(dwarf: &Debug<'_>, targets: &mut [Target], texts: &mut Texts, until: Instant) {
    let mut headers = Vec::new();
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        headers.push(header);
    }
    let mut found = vec![Found::default(); targets.len()];
    for header in &headers {
        if Instant::now() > until {
            break;
        }
        let Ok(unit) = dwarf.unit(*header) else { continue };
        let unit = unit.unit_ref(dwarf);
        if !concerns(&unit, targets) {
            continue;
        }
        lines(&unit, targets, texts, &mut found);
        functions(&unit, &headers, targets, texts, &mut found);
    }
    for (target, found) in targets.iter_mut().zip(found) {
        target.places = found.places(texts);
    }
}

fn concerns(unit: &Unit<'_, '_>, targets: &[Target]) -> bool {
    let Ok(mut ranges) = unit.unit_ranges() else { return false };
    while let Ok(Some(part)) = ranges.next() {
        if !range(targets, part.begin, part.end).is_empty() {
            return true;
        }
    }
    false
}

fn lines(unit: &Unit<'_, '_>, targets: &[Target], texts: &mut Texts, found: &mut [Found]) {
    let Some(program) = unit.line_program.clone() else { return };
    let mut rows = program.rows();
    // A row holds from its address to that of the next.
    let mut before: Option<(u64, u64, u32)> = None;
    while let Ok(Some((header, row))) = rows.next_row() {
        if let Some((begin, file, line)) = before {
            for at in range(targets, begin, row.address()) {
                found[at].line = Some((texts.keep(&path(unit, header, file)), line));
            }
        }
        let line = row.line().map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
        before = (!row.end_sequence()).then(|| (row.address(), row.file_index(), line));
    }
}

fn functions<'data>(
    unit: &Unit<'_, 'data>,
    headers: &Headers<'data>,
    targets: &[Target],
    texts: &mut Texts,
    found: &mut [Found],
) {
    let mut entries = unit.entries();
    while let Ok(Some(entry)) = entries.next_dfs() {
        if !matches!(entry.tag(), gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine) {
            continue;
        }
        let Ok(mut ranges) = unit.die_ranges(entry) else { continue };
        let mut function = None;
        while let Ok(Some(part)) = ranges.next() {
            // Functions that the linker has left out are at 0.
            for at in range(targets, part.begin, part.end).filter(|_| part.begin > 0) {
                let function = function.get_or_insert_with(|| {
                    let name = name_of(unit, headers, entry, ORIGINS_MAX).unwrap_or_default();
                    let call = call_of(unit, entry).map(|(file, line)| (texts.keep(&file), line));
                    (texts.keep(&name), call)
                });
                found[at].functions.push(function.clone());
            }
        }
    }
}

/// The linkage name if there is one, else the plain one, of the function or of the one that it is an instance of.
fn name_of<'data>(
    unit: &Unit<'_, 'data>,
    headers: &Headers<'data>,
    entry: &Entry<'data>,
    origins: usize,
) -> Option<String> {
    let origins = origins.checked_sub(1)?;
    let own = entry.attr_value(gimli::DW_AT_linkage_name).or_else(|| entry.attr_value(gimli::DW_AT_name));
    if let Some(name) = own.and_then(|name| unit.attr_string(name).ok()) {
        return Some(name.to_string_lossy().into_owned());
    }
    let origin = entry.attr_value(gimli::DW_AT_abstract_origin);
    match origin.or_else(|| entry.attr_value(gimli::DW_AT_specification))? {
        AttributeValue::UnitRef(offset) => name_of(unit, headers, &unit.entry(offset).ok()?, origins),
        AttributeValue::DebugInfoRef(offset) => {
            // Another unit's, as link-time optimisation makes them.
            let after =
                headers.partition_point(|header| header.debug_info_offset().is_some_and(|at| at <= offset));
            let header = headers.get(after.checked_sub(1)?)?;
            let other = unit.dwarf.unit(*header).ok()?;
            let other = other.unit_ref(unit.dwarf);
            name_of(&other, headers, &other.entry(offset.to_unit_offset(header)?).ok()?, origins)
        }
        _ => None,
    }
}

/// Where an inlined function was called.
fn call_of<'data>(unit: &Unit<'_, 'data>, entry: &Entry<'data>) -> Option<(String, u32)> {
    let AttributeValue::FileIndex(file) = entry.attr_value(gimli::DW_AT_call_file)? else { return None };
    let line = entry.attr(gimli::DW_AT_call_line).and_then(gimli::Attribute::udata_value).unwrap_or(0);
    let header = unit.line_program.as_ref()?.header();
    Some((path(unit, header, file), u32::try_from(line).unwrap_or(0)))
}

fn path<'data>(unit: &Unit<'_, 'data>, header: &LineProgramHeader<Reader<'data>>, file: u64) -> String {
    let Some(file) = header.file(file) else { return String::new() };
    let text = |value| unit.attr_string(value).ok().map(|text| text.to_string_lossy().into_owned());
    // Each part stands for itself if it is absolute; `push` does just that.
    let mut path = PathBuf::new();
    if let Some(directory) = &unit.comp_dir {
        path.push(&*directory.to_string_lossy());
    }
    if let Some(directory) = file.directory(header).and_then(text) {
        path.push(directory);
    }
    path.push(text(file.path_name()).unwrap_or_default());
    path.to_string_lossy().into_owned()
}

impl Found {
    /// Innermost first: each function is where the next inner one was called, the innermost at the line itself.
    fn places(self, texts: &mut Texts) -> Vec<Place> {
        let mut at = self.line;
        let mut places = Vec::with_capacity(self.functions.len());
        for (name, called_from) in self.functions.into_iter().rev() {
            let (file, line) = at.unwrap_or_default();
            let function = if name.is_empty() { "?".to_owned() } else { readable(&name, &file) };
            places.push(Place { function: texts.keep(&function), file, line });
            at = called_from;
        }
        places
    }
}
