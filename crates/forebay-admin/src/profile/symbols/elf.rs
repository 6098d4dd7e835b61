//! The program's file and those of its libraries: sections, segments, symbols.

use std::{fs::File, io};

use gimli::{Dwarf, EndianSlice, LittleEndian};
use memmap2::Mmap;
use object::{
    CompressionFormat, Object, ObjectSection, ObjectSegment, ObjectSymbol, ReadCache, ReadRef,
    read::elf::ElfFile64,
};

use super::{Place, Target, Texts, maps::Mapped, readable};

/// Debug information in the mapping of a file.
pub(super) type Debug<'data> = Dwarf<EndianSlice<'data, LittleEndian>>;

/// The file of the running program.
pub(super) struct Program {
    data: Mmap,
}

impl Program {
    #[expect(unsafe_code, reason = "mapping a file has no safe interface")]
    pub(super) fn open() -> io::Result<Self> {
        let file = File::open("/proc/self/exe")?;
        // SAFETY: the slice must not change while it is there. The file is that of the running program, whatever
        // its name is now, and the kernel lets nobody write to it or cut it as long as the program runs (ETXTBSY,
        // execve(2)).
        let data = unsafe { Mmap::map(&file)? };
        Ok(Self { data })
    }

    /// The addresses of this file, as it numbers them.
    pub(super) fn targets(&self, mapped: &Mapped) -> io::Result<Vec<Target>> {
        Ok(targets(&self.elf()?, mapped))
    }

    /// Its debug information; sections that are not there, or that are compressed, are empty.
    pub(super) fn dwarf(&self) -> io::Result<Debug<'_>> {
        let elf = self.elf()?;
        Dwarf::load(|id| -> io::Result<_> {
            let section = elf.section_by_name(id.name()).and_then(|section| section.compressed_data().ok());
            let plain = section.filter(|section| section.format == CompressionFormat::None);
            Ok(EndianSlice::new(plain.map_or(&[], |section| section.data), LittleEndian))
        })
    }

    /// Gives names of the symbol table to those that have none.
    pub(super) fn name_rest(&self, targets: &mut [Target], texts: &mut Texts) -> io::Result<()> {
        name_by_symbols(&self.elf()?, targets, texts);
        Ok(())
    }

    fn elf(&self) -> io::Result<ElfFile64<'_>> {
        ElfFile64::parse(&*self.data).map_err(odd)
    }
}

/// Names of functions of a library. Its tables are small and are read; it is not mapped, since anybody who may
/// may write to it.
pub(super) fn name_library(mapped: &Mapped, texts: &mut Texts) -> io::Result<Vec<Target>> {
    let cache = ReadCache::new(File::open(&mapped.path)?);
    let elf = ElfFile64::parse(&cache).map_err(odd)?;
    let mut targets = targets(&elf, mapped);
    name_by_symbols(&elf, &mut targets, texts);
    Ok(targets)
}

/// Offsets in the file become addresses of the file by its loaded segments.
fn targets<'data, R: ReadRef<'data>>(
    elf: &ElfFile64<'data, object::Endianness, R>,
    mapped: &Mapped,
) -> Vec<Target> {
    let mut targets = Vec::new();
    for &(address, offset) in &mapped.addresses {
        let segment = elf.segments().find(|segment| {
            let (begin, size) = segment.file_range();
            (begin..begin.saturating_add(size)).contains(&offset)
        });
        let Some(segment) = segment else { continue };
        let at = segment.address().wrapping_add(offset - segment.file_range().0).wrapping_sub(1);
        targets.push(Target { address, at, places: Vec::new() });
    }
    targets.sort_unstable_by_key(|target| target.at);
    targets
}

fn name_by_symbols<'data, R: ReadRef<'data>>(
    elf: &ElfFile64<'data, object::Endianness, R>,
    targets: &mut [Target],
    texts: &mut Texts,
) {
    for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
        let (begin, end) = (symbol.address(), symbol.address().saturating_add(symbol.size()));
        let covered = super::dwarf::within(targets, begin, end);
        if covered.iter().all(|target| !target.places.is_empty()) {
            continue;
        }
        let Ok(name) = symbol.name() else { continue };
        for target in covered.iter_mut().filter(|target| target.places.is_empty()) {
            target.places.push(Place { function: texts.keep(&readable(name, "")), ..Place::default() });
        }
    }
}

fn odd(error: object::read::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
