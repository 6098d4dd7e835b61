//! Which file each address comes from: `/proc/self/maps` (proc(5)).

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

/// A file that code of this process comes from, and the addresses in it that want names.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) path: PathBuf,
    /// Each address with its offset in the file, in the order of both.
    pub(super) addresses: Vec<(usize, u64)>,
}

impl Mapped {
    /// Whether this is the program itself, whatever became of its name since.
    pub(super) fn is_program(&self) -> bool {
        let program = fs::read_link("/proc/self/exe").unwrap_or_default();
        self.path == program
    }
}

/// The files of these sorted addresses. Addresses of no file are left out.
pub(super) fn read(addresses: &[usize]) -> io::Result<Vec<Mapped>> {
    read_from(BufReader::new(fs::File::open("/proc/self/maps")?), addresses)
}

fn read_from(maps: impl BufRead, addresses: &[usize]) -> io::Result<Vec<Mapped>> {
    let mut files: Vec<Mapped> = Vec::new();
    for line in maps.lines() {
        let line = line?;
        let Some((begin, end, offset, path)) = parse(&line) else { continue };
        let from = addresses.partition_point(|&address| address < begin);
        let to = addresses.partition_point(|&address| address < end);
        if from == to {
            continue;
        }
        let offsets = addresses[from..to].iter().map(|&address| (address, offset + (address - begin) as u64));
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.addresses.extend(offsets),
            None => files.push(Mapped { path: path.to_owned(), addresses: offsets.collect() }),
        }
    }
    Ok(files)
}

/// `begin-end perms offset dev inode path`; `None` if it is not code of a file.
fn parse(line: &str) -> Option<(usize, usize, u64, &Path)> {
    let (range, rest) = line.split_once(' ')?;
    let (begin, end) = range.split_once('-')?;
    let (permissions, rest) = rest.split_once(' ')?;
    let (offset, _) = rest.split_once(' ')?;
    let path = Path::new(rest.get(rest.find('/')?..)?);
    let address = |text| usize::from_str_radix(text, 16).ok();
    let code = permissions.contains('x');
    code.then_some((address(begin)?, address(end)?, u64::from_str_radix(offset, 16).ok()?, path))
}

#[cfg(test)]
mod tests {
    use super::read_from;

    #[test]
    fn addresses_are_given_to_the_code_that_they_are_in() {
        let maps = "1000-2000 r--p 00000000 08:01 77      /bin/it\n2000-3000 r-xp 00001000 08:01 77      /bin/it\n\
            5000-6000 r-xp 00000000 00:00 0       [vdso]\n7000-8000 r-xp 00002000 08:01 78   /lib/a b.so\nrubbish\n";
        let files =
            read_from(maps.as_bytes(), &[0x10, 0x1800, 0x2000, 0x2abc, 0x5010, 0x7fff, 0x8000]).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].addresses, [(0x2000, 0x1000), (0x2abc, 0x1abc)]);
        assert_eq!(
            (files[1].path.to_str(), &files[1].addresses[..]),
            (Some("/lib/a b.so"), &[(0x7fff, 0x2fff)][..])
        );
    }
}
