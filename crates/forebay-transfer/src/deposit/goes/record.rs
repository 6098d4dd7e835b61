//! What the record of an upload says.

use std::time::{Duration, SystemTime};

use forebay_budget::ByteSize;
use forebay_store::remote::{Attributes, Condition};
use forebay_store::{Begun, Key, NewUpload, StoreError, StoreErrorKind, UploadId, Validator};
use serde::{Deserialize, Serialize};

use super::mark::Mark;

/// The form of records. Another is not read.
const FORM: u8 = 1;
/// Earlier marks that are kept to go back to.
const BEFORE_MAX: usize = 8;

/// All that is known of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    form: u8,
    key: Box<str>,
    pub(super) len: Option<u64>,
    expires_s: u64,
    /// For how long it is kept if nothing more arrives.
    patience_s: u64,
    note: Box<str>,
    #[serde(with = "Beside")]
    pub(super) attributes: Attributes,
    condition: When,
    part_size: u64,
    /// The go that wrote it.
    pub(super) writer: Box<str>,
    /// How many times it was written, so that no two are the same.
    pub(super) serial: u64,
    /// The name that the bucket gave to the upload of its parts, once there is one.
    pub(super) upload: Option<Box<str>>,
    pub(super) state: State,
    /// Where earlier goes ended, the latest last.
    before: Vec<Mark>,
    /// The object may have been published from here.
    pub(super) publishing: bool,
}

/// What is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) mark: Mark,
    pub(super) tail: Option<Tail>,
}

/// What came behind the last whole part, in an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    /// What follows the record's name in the object's.
    pub(super) name: Box<str>,
    pub(super) len: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum When {
    Always,
    Absent,
    Matches(Box<str>),
}

/// [`Attributes`], as they are written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Attributes")]
struct Beside {
    content_type: Option<Box<str>>,
    cache_control: Option<Box<str>>,
    content_disposition: Option<Box<str>>,
    content_encoding: Option<Box<str>>,
    content_language: Option<Box<str>>,
    expires: Option<Box<str>>,
    storage_class: Option<Box<str>>,
    user: Vec<(Box<str>, Box<str>)>,
    tags: Vec<(Box<str>, Box<str>)>,
}

impl State {
    /// Bytes that are there.
    pub(super) fn offset(&self) -> u64 {
        self.mark.offset + self.tail.as_ref().map_or(0, |tail| tail.len)
    }
}

impl Record {
    pub(super) fn new(ask: &NewUpload, part_size: ByteSize) -> Result<Self, StoreError> {
        let object = &ask.object;
        let key = String::from_utf8(object.key.as_bytes().to_vec());
        let key = key.map_err(|error| StoreError::with_cause(StoreErrorKind::Invalid, error))?;
        let condition = match &object.condition {
            Condition::Always => When::Always,
            Condition::Absent => When::Absent,
            Condition::Matches(tag) => When::Matches(String::from_utf8_lossy(tag.text()).into()),
        };
        let expires = ask.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let patience = ask.expires.duration_since(SystemTime::now()).unwrap_or_default();
        Ok(Self {
            form: FORM,
            key: key.into(),
            len: object.len,
            expires_s: expires.as_secs(),
            patience_s: patience.as_secs(),
            note: ask.note.clone(),
            attributes: object.attributes.clone(),
            condition,
            part_size: part_size.as_u64(),
            writer: Box::default(),
            serial: 0,
            upload: None,
            state: State::default(),
            before: Vec::new(),
            publishing: false,
        })
    }

    /// Reads one.
    pub(super) fn parse(json: &[u8]) -> Result<Self, StoreError> {
        let unreadable = |why: String| {
            StoreError::with_cause(
                StoreErrorKind::Unavailable,
                format!("the record of an upload cannot be read: {why}"),
            )
        };
        let record: Self = serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))?;
        match record.form {
            FORM => Ok(record),
            other => Err(unreadable(format!("it has the form {other}"))),
        }
    }

    pub(super) fn key(&self) -> Result<Key, StoreError> {
        Ok(Key::parse(self.key.as_bytes())?)
    }

    pub(super) fn condition(&self) -> Condition {
        match &self.condition {
            When::Always => Condition::Always,
            When::Absent => Condition::Absent,
            When::Matches(tag) => match Validator::parse(tag.as_bytes()) {
                Some(tag) => Condition::Matches(tag),
                // No tag of ours reads back as none. If one did, nothing must be written over.
                None => Condition::Absent,
            },
        }
    }

    pub(super) const fn part_size(&self) -> ByteSize {
        ByteSize::b(self.part_size)
    }

    pub(super) fn begun(&self, id: &UploadId) -> Result<Begun, StoreError> {
        Ok(Begun {
            id: id.clone(),
            key: self.key()?,
            offset: self.state.offset(),
            len: self.len,
            expires: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_secs(self.expires_s))
                .unwrap_or(SystemTime::UNIX_EPOCH),
            note: self.note.clone(),
        })
    }

    /// More has arrived: it is kept for as long again.
    pub(super) fn touch(&mut self, now: SystemTime) {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.expires_s = self.expires_s.max(now.as_secs().saturating_add(self.patience_s));
    }

    /// Remembers where a go begins.
    pub(super) fn remember(&mut self) {
        if self.before.last() == Some(&self.state.mark) || self.state.mark == Mark::default() {
            return;
        }
        if self.before.len() == BEFORE_MAX {
            self.before.remove(0);
        }
        self.before.push(self.state.mark.clone());
    }

    /// The latest of the earlier marks that was still right; the beginning, if none was.
    pub(super) fn back_to(&mut self, is_right: impl Fn(&Mark) -> bool) {
        while self.before.last().is_some_and(|mark| !is_right(mark)) {
            self.before.pop();
        }
        let mark = self.before.last().cloned().unwrap_or_default();
        self.state = State { mark, tail: None };
        self.publishing = false;
    }

    /// The marks that it could go back to, in their order, and the one that it is at.
    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.before.iter().chain([&self.state.mark])
    }
}

#[cfg(test)]
mod tests {
    use forebay_store::NewObject;

    use super::*;

    fn record() -> Record {
        let object = NewObject {
            key: Key::parse(b"dir/o").unwrap(),
            len: Some(9),
            attributes: Attributes { user: vec![("a".into(), "b".into())], ..Attributes::default() },
            condition: Condition::Matches(Validator::parse(b"\"tag\"").unwrap()),
        };
        let expires = SystemTime::now() + Duration::from_secs(100);
        let ask = NewUpload { object, expires, note: "what was said".into() };
        Record::new(&ask, ByteSize::mib(5)).unwrap()
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let record = record();
        let read = Record::parse(&serde_json::to_vec(&record).unwrap()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{record:?}"));
        assert_eq!(read.condition(), Condition::Matches(Validator::parse(b"\"tag\"").unwrap()));
        let other = serde_json::to_vec(&Record { form: 2, ..record }).unwrap();
        for unreadable in [&b"{}"[..], b"", &other] {
            assert_eq!(Record::parse(unreadable).unwrap_err().kind(), StoreErrorKind::Unavailable);
        }
    }

    #[test]
    fn an_upload_is_kept_for_as_long_again_when_more_arrives() {
        let mut record = record();
        let first = record.expires_s;
        record.touch(SystemTime::now() + Duration::from_secs(1_000));
        assert!((first + 998..=first + 1_001).contains(&record.expires_s));
        let later = record.expires_s;
        record.touch(SystemTime::UNIX_EPOCH);
        assert_eq!(record.expires_s, later, "a clock that goes back takes nothing away");
    }

    #[test]
    fn the_latest_mark_that_is_right_is_gone_back_to() {
        let mut record = record();
        let mark = |offset| {
            let mut mark = Mark::default();
            mark.offset = offset;
            mark
        };
        for offset in 1..=20 {
            record.state.mark = mark(offset);
            record.remember();
            record.remember();
        }
        assert_eq!(record.marks().count(), BEFORE_MAX + 1);
        record.back_to(|mark| mark.offset < 18);
        assert_eq!(record.state, State { mark: mark(17), tail: None });
        record.back_to(|_| false);
        assert_eq!(record.state, State::default());
    }
}
