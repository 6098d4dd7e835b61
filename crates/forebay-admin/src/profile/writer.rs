//! Samples in, gzip'd `profile.proto` out.
//!
//! The parts of a protobuf message may be written one after the other, so nothing is kept but what must not be
//! written twice: the texts, functions and addresses that were written already.

use std::{
    collections::HashMap,
    io::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};
use prost::Message;

use super::{
    proto::{Function, Line, Location, Mapping, Profile, Sample, ValueType},
    symbols::{Place, Symbols},
};

/// What values are, and what the profile says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Kind<const N: usize> {
    /// Name and unit of each value of a sample.
    pub(crate) values: [(&'static str, &'static str); N],
    /// The value that is shown unless another is asked for.
    pub(crate) shown_first: &'static str,
    /// One sample stands for this much of `period_unit`.
    pub(crate) period: i64,
    pub(crate) period_unit: (&'static str, &'static str),
    /// Functions that are left out of reports together with what they call.
    pub(crate) drop_frames: &'static str,
}

/// A profile being written, of samples with `N` values.
pub(crate) struct Writer<const N: usize> {
    out: GzEncoder<Vec<u8>>,
    symbols: Symbols,
    strings: HashMap<String, i64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<usize, u64>,
}

const MAPPING: u64 = 1;

impl<const N: usize> Writer<N> {
    /// Begins a profile that covers the given time up to now.
    pub(crate) fn new(kind: &Kind<N>, covers: Duration, symbols: Symbols) -> io::Result<Self> {
        let mut writer = Self {
            out: GzEncoder::new(Vec::new(), Compression::fast()),
            symbols,
            strings: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
        };
        writer.string("")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let head = Profile {
            sample_type: kind
                .values
                .into_iter()
                .map(|value| writer.value_type(value))
                .collect::<io::Result<_>>()?,
            mapping: vec![writer.mapping()?],
            drop_frames: writer.string(kind.drop_frames)?,
            time_nanos: nanos(now.saturating_sub(covers)),
            duration_nanos: nanos(covers),
            period_type: Some(writer.value_type(kind.period_unit)?),
            period: kind.period,
            default_sample_type: writer.string(kind.shown_first)?,
            ..Profile::default()
        };
        writer.part(&head)?;
        Ok(writer)
    }

    /// Adds a stack, innermost address first. A sample without values changes nothing.
    pub(crate) fn sample(&mut self, stack: &[usize], values: [i64; N]) -> io::Result<()> {
        if values == [0; N] {
            return Ok(());
        }
        let location_id = stack.iter().map(|&address| self.location(address)).collect::<io::Result<_>>()?;
        let sample = Sample { location_id, value: values.into() };
        self.part(&Profile { sample: vec![sample], ..Profile::default() })
    }

    /// Adds a sentence that `go tool pprof -comments` shows.
    pub(crate) fn comment(&mut self, text: &str) -> io::Result<()> {
        let comment = vec![self.string(text)?];
        self.part(&Profile { comment, ..Profile::default() })
    }

    /// The finished profile.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        self.out.finish()
    }

    fn part(&mut self, part: &Profile) -> io::Result<()> {
        self.out.write_all(&part.encode_to_vec())
    }

    fn string(&mut self, text: &str) -> io::Result<i64> {
        if let Some(&index) = self.strings.get(text) {
            return Ok(index);
        }
        let index = self.strings.len() as i64;
        self.strings.insert(text.to_owned(), index);
        self.part(&Profile { string_table: vec![text.to_owned()], ..Profile::default() })?;
        Ok(index)
    }

    fn value_type(&mut self, (kind, unit): (&str, &str)) -> io::Result<ValueType> {
        Ok(ValueType { kind: self.string(kind)?, unit: self.string(unit)? })
    }

    fn mapping(&mut self) -> io::Result<Mapping> {
        let program = std::env::current_exe().unwrap_or_default();
        Ok(Mapping {
            id: MAPPING,
            memory_start: 0,
            memory_limit: u64::MAX,
            filename: self.string(&program.to_string_lossy())?,
            has_functions: true,
            has_filenames: true,
            has_line_numbers: true,
            has_inline_frames: true,
        })
    }

    fn location(&mut self, address: usize) -> io::Result<u64> {
        if let Some(&id) = self.locations.get(&address) {
            return Ok(id);
        }
        let mut line = Vec::new();
        for place in self.symbols.take(address) {
            line.push(Line { function_id: self.function(&place)?, line: i64::from(place.line) });
        }
        let id = self.locations.len() as u64 + 1;
        self.locations.insert(address, id);
        let location = Location { id, mapping_id: MAPPING, address: address as u64, line };
        self.part(&Profile { location: vec![location], ..Profile::default() })?;
        Ok(id)
    }

    fn function(&mut self, place: &Place) -> io::Result<u64> {
        let (name, filename) = (self.string(&place.function)?, self.string(&place.file)?);
        if let Some(&id) = self.functions.get(&(name, filename)) {
            return Ok(id);
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert((name, filename), id);
        let function = Function { id, name, system_name: name, filename };
        self.part(&Profile { function: vec![function], ..Profile::default() })?;
        Ok(id)
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{io::Read, time::Duration};

    use flate2::read::GzDecoder;
    use prost::Message;

    use super::{Kind, Profile, Symbols, Writer};

    #[test]
    fn parts_make_one_profile_in_which_this_test_has_its_name_and_line() {
        let kind = Kind {
            values: [("samples", "count")],
            shown_first: "samples",
            period: 1,
            period_unit: ("cpu", "nanoseconds"),
            drop_frames: "",
        };
        let mut here = Vec::new();
        backtrace::trace(|frame| {
            here.push(frame.ip() as usize);
            here.len() < 16
        });
        let mut writer = Writer::new(&kind, Duration::from_secs(1), Symbols::of(here.clone())).unwrap();
        writer.sample(&here, [3]).unwrap();
        writer.sample(&here, [0]).unwrap();
        writer.comment("a remark").unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(&*writer.finish().unwrap()).read_to_end(&mut bytes).unwrap();
        let profile = Profile::decode(&*bytes).unwrap();

        assert_eq!(profile.sample.len(), 1);
        assert_eq!(profile.sample[0].value, [3]);
        assert_eq!(profile.string_table[0], "");
        assert_eq!(profile.string_table[profile.comment[0] as usize], "a remark");
        let text = |index: i64| profile.string_table[index as usize].as_str();
        let mut own =
            profile.function.iter().filter(|function| text(function.filename).ends_with("writer.rs"));
        assert!(own.any(|function| text(function.name).contains("parts_make_one_profile")), "{profile:?}");
    }
}
