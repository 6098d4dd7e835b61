//! What a journal says.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_store::Validator;
use forebay_store::remote::{Attributes, ChecksumKind, ObjectKey, Pin};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::parts::Parts;
use crate::verify::{CrcKind, PieceCrc};

/// The format that this code writes, and the only one that it believes.
pub(super) const VERSION: u32 = 1;

/// The first line: what is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format.
    pub(super) forebay_journal: u32,
    /// Which object or file the bytes come from.
    pub source: Identity,
    /// Where they go.
    pub target: Identity,
    /// The version of the source.
    pub pin: PinText,
    /// How long the source is.
    pub len: u64,
    /// The size of a piece.
    pub part_size: NonZeroU64,
    /// The name that the store gave to the upload, if it is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upload: Option<Box<str>>,
    /// SHA-256 of what is stored beside the bytes, and of which digest, in hex, if it is an upload: that was decided when it was begun.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beside: Option<Box<str>>,
    /// The local file: where pieces are written to or read from.
    pub inode: u64,
    /// The kernel's boot id when it was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub boot: Option<Box<str>>,
}

/// A place and a name in it, for people and for comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// For people: without a query.
    pub name: Box<str>,
    /// SHA-256 of place and name, in hex.
    pub hash: Box<str>,
}

/// A pin in text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinText {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tag: Option<Tag>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    version: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    modified_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    len: Option<u64>,
}

/// An entity tag, whose bytes need not be text, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(Box<str>);

/// Every further line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Done(Done),
    /// The data of the first so many lines is on the disk.
    Synced(usize),
}

/// The first bytes of a piece are where they belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Which piece.
    pub piece: u64,
    /// How many of its bytes: all of them, if it is whole.
    pub bytes: u64,
    /// Their CRC, if they were seen, and of which kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crc: Option<(Box<str>, u64)>,
    /// What the store called the part, if it is one of an upload.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tag: Option<Tag>,
}

/// All that a journal says and that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    head: Head,
    done: BTreeMap<u64, Done>,
}

impl Head {
    /// The first line of a new journal.
    pub fn new(source: Identity, target: Identity, pin: &Pin, parts: Parts, inode: u64) -> Self {
        Self {
            forebay_journal: VERSION,
            source,
            target,
            pin: PinText::of(pin),
            len: parts.len(),
            part_size: parts.size(),
            upload: None,
            beside: None,
            inode,
            boot: None,
        }
    }

    /// The same, of an upload that stores these beside the bytes, and this digest.
    #[must_use]
    pub fn storing(mut self, attributes: &Attributes, digest: ChecksumKind) -> Self {
        let Attributes {
            content_type,
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            expires,
            storage_class,
            user,
            tags,
        } = attributes;
        let single = [
            content_type,
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            expires,
            storage_class,
        ];
        let single = single.into_iter().map(|text| text.as_deref().unwrap_or_default());
        let user = user.iter().flat_map(|(name, text)| ["user", name, text]);
        let tags = tags.iter().flat_map(|(name, text)| ["tag", name, text]);
        let digest = [digest.name()];
        let words: Vec<&[u8]> = single.chain(user).chain(tags).chain(digest).map(str::as_bytes).collect();
        self.beside = Some(hash(&words));
        self
    }

    /// How the source is cut.
    pub const fn parts(&self) -> Parts {
        Parts::of(self.len, self.part_size)
    }
}

impl Identity {
    /// Of an object. What follows a `?` at a web server is a query and may be a secret; in a bucket it is a part of the key.
    pub fn of_object(place: &str, key: &ObjectKey) -> Self {
        let key = if place.starts_with("s3:") { key.as_str() } else { without_query(key.as_str()) };
        let name: String = format!("{place}/{key}").chars().filter(|c| !c.is_control()).collect();
        Self { name: name.into(), hash: hash(&[place.as_bytes(), key.as_bytes()]) }
    }

    /// Of a local file.
    pub fn of_file(path: &std::path::Path) -> Self {
        let bytes = path.as_os_str().as_encoded_bytes();
        Self { name: path.to_string_lossy().into(), hash: hash(&[b"file", bytes]) }
    }
}

fn without_query(key: &str) -> &str {
    key.split_once('?').map_or(key, |(path, _)| path)
}

fn hash(words: &[&[u8]]) -> Box<str> {
    let mut sha = Sha256::new();
    for word in words {
        sha.update((word.len() as u64).to_be_bytes());
        sha.update(word);
    }
    hex(&sha.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> Box<str> {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

impl Tag {
    /// Of an entity tag.
    pub fn of(validator: &Validator) -> Self {
        Self(hex(validator.text()))
    }

    /// The entity tag, if it is one.
    pub fn validator(&self) -> Option<Validator> {
        let pairs = self.0.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let bytes: Option<Vec<u8>> =
            pairs.map(|pair| u8::from_str_radix(pair.filter(|pair| pair.len() == 2)?, 16).ok()).collect();
        Validator::parse(&bytes?)
    }
}

impl PinText {
    fn of(pin: &Pin) -> Self {
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        Self {
            tag: pin.validator.as_ref().map(Tag::of),
            version: pin.version.clone(),
            modified_ns: pin.modified.and_then(since).and_then(|since| since.as_nanos().try_into().ok()),
            len: pin.len,
        }
    }

    /// The pin that it stands for.
    pub fn pin(&self) -> Pin {
        Pin {
            validator: self.tag.as_ref().and_then(Tag::validator),
            version: self.version.clone(),
            modified: self.modified_ns.and_then(|ns| UNIX_EPOCH.checked_add(Duration::from_nanos(ns))),
            len: self.len,
        }
    }

    /// Whether two moments, or two pins, are of one version for certain: by tag or version, or by time and length.
    pub fn is_of(&self, pin: &Pin) -> bool {
        let other = Self::of(pin);
        let named = self.version.is_some() || self.pin().validator.is_some();
        let timed = self.modified_ns.is_some() && self.len.is_some();
        (named || timed) && *self == other
    }
}

impl Done {
    pub(super) fn is_possible(&self, parts: Parts) -> bool {
        self.piece < parts.count() && self.bytes <= parts.range(self.piece).len()
    }

    /// The CRC of its bytes, if they were seen.
    pub fn piece_crc(&self) -> Option<PieceCrc> {
        let (name, value) = self.crc.as_ref()?;
        let kind = KINDS.into_iter().find(|kind| crc_name(*kind) == &**name)?;
        Some(PieceCrc { kind, value: *value, len: self.bytes })
    }

    /// As it stands in a line.
    pub fn new(piece: u64, bytes: u64, crc: Option<PieceCrc>) -> Self {
        let crc = crc.map(|crc| (crc_name(crc.kind).into(), crc.value));
        Self { piece, bytes, crc, tag: None }
    }
}

const KINDS: [CrcKind; 3] = [CrcKind::Crc32, CrcKind::Crc32c, CrcKind::Crc64Nvme];

const fn crc_name(kind: CrcKind) -> &'static str {
    match kind {
        CrcKind::Crc32 => "crc32",
        CrcKind::Crc32c => "crc32c",
        CrcKind::Crc64Nvme => "crc64nvme",
    }
}

impl State {
    pub(super) fn new(head: Head, noted: Vec<Done>) -> Option<Self> {
        let sound = head.forebay_journal == VERSION && head.parts().count() <= crate::parts::PARTS_MAX;
        let done = noted.into_iter().map(|done| (done.piece, done)).collect();
        sound.then_some(Self { head, done })
    }

    /// What is moved.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// What is done, in the order of the pieces.
    pub fn done(&self) -> impl Iterator<Item = &Done> {
        self.done.values()
    }

    /// What is done of one piece.
    pub fn piece(&self, index: u64) -> Option<&Done> {
        self.done.get(&index)
    }
}
