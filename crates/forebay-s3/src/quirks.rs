//! What servers that speak S3 do not speak of it. The one table.
//!
//! A server is told by the name of its host, else by its `Server` header, and the option overrides both. What is not known here is
//! tried as it is on AWS, because a server that does not know a thing usually says so; the rows below are those that do not say
//! so (they ignore a condition and overwrite), say it too late, or spoil something.

use std::fmt;
use std::str::FromStr;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Amazon S3.
    Aws,
    /// Ceph's object gateway.
    Ceph,
    /// Garage.
    Garage,
    /// MinIO, and what was made of it.
    Minio,
    /// Cloudflare R2.
    R2,
    /// Google Cloud Storage by its XML interface.
    Gcs,
    /// Something else, taken to be like AWS.
    Other,
}

/// What a server does and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// Where the bucket's name stands, unless the options say so.
    pub name_in: NameIn,
    /// Digests of objects and parts that go along, are checked, kept, and told later.
    pub checksums: Checksums,
    /// Conditions on `PUT`: nothing there (`If-None-Match: *`), or this version (`If-Match`).
    pub put_if: Support,
    /// The same on the completion of an upload in parts.
    pub complete_if: Support,
    /// The same on a copy.
    pub copy_if: Support,
    /// A version (`If-Match`) on a deletion.
    pub delete_if: Support,
    /// Parts made by copying.
    pub copy_part: Support,
    /// Many objects deleted in one request.
    pub delete_many: Support,
    /// Tags on objects.
    pub tags: Support,
    /// The entity tag of what was uploaded in one piece is its MD5.
    pub tag_is_md5: Support,
    /// The length of all parts may be told when they are completed, and is checked.
    pub upload_len: Support,
    /// What parts have to be like.
    pub parts: Parts,
}

/// Whether a server knows how to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Yes,
    /// It does not, or some versions that are in use do not, and do not say so.
    No,
}

/// Where the bucket's name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameIn {
    /// `https://bucket.host/key`.
    Host,
    /// `https://host/bucket/key`.
    Path,
}

/// Which digests a server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// All; the CRCs of an upload in parts cover the whole object.
    Whole,
    /// All; of an upload in parts only CRC-64/NVME covers the whole object.
    WholeCrc64,
    /// None that it can be relied on for.
    None,
}

/// What parts of an upload have to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Any length from 5 MiB.
    Any,
    /// All but the last of one length.
    Equal,
}

use NameIn::{Host, Path};
use Parts::{Any, Equal};
use Support::{No, Yes};

impl Profile {
    /// Every one, in the order of the table.
    pub const ALL: [Self; 7] =
        [Self::Aws, Self::Ceph, Self::Garage, Self::Minio, Self::R2, Self::Gcs, Self::Other];

    /// The table.
    #[rustfmt::skip]
    pub const fn quirks(self) -> Quirks {
        use Checksums::{None, Whole, WholeCrc64};
        match self {
            //                            name  checksums   put  compl copy  del   copy  del   tags  tag   len   parts
            //                            in                _if  _if   _if   _if   _part many        md5
            Self::Aws    => Quirks::row(Host, Whole,      [Yes, Yes,  Yes,  Yes,  Yes,  Yes,  Yes,  Yes,  Yes], Any),
            Self::Ceph   => Quirks::row(Path, None,       [Yes, No,   No,   No,   Yes,  Yes,  Yes,  Yes,  No ], Any),
            Self::Garage => Quirks::row(Path, Whole,      [No,  No,   No,   No,   Yes,  Yes,  No,   Yes,  No ], Any),
            Self::Minio  => Quirks::row(Path, Whole,      [Yes, Yes,  No,   No,   Yes,  Yes,  Yes,  Yes,  No ], Any),
            Self::R2     => Quirks::row(Path, WholeCrc64, [Yes, Yes,  No,   No,   Yes,  Yes,  No,   Yes,  No ], Equal),
            Self::Gcs    => Quirks::row(Path, None,       [No,  No,   No,   No,   No,   No,   No,   Yes,  No ], Any),
            Self::Other  => Quirks::row(Path, Whole,      [Yes, Yes,  Yes,   No,  Yes,  Yes,  Yes,  No,   No ], Any),
        }
    }

    /// The kind of server at this host, if its name tells.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let under = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        match () {
            () if under("amazonaws.com") || under("amazonaws.com.cn") => Some(Self::Aws),
            () if under("r2.cloudflarestorage.com") => Some(Self::R2),
            () if under("storage.googleapis.com") => Some(Self::Gcs),
            () => None,
        }
    }

    /// The kind of server that calls itself this in its `Server` header, if that tells.
    pub fn of_server(server: &str) -> Option<Self> {
        const NAMES: [(&str, Profile); 6] = [
            ("AmazonS3", Profile::Aws),
            ("Ceph", Profile::Ceph),
            ("Garage", Profile::Garage),
            ("MinIO", Profile::Minio),
            ("cloudflare", Profile::R2),
            ("UploadServer", Profile::Gcs),
        ];
        let starts =
            |name: &str| server.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        NAMES.into_iter().find(|(name, _)| starts(name)).map(|(_, profile)| profile)
    }

    /// Its name in options and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Ceph => "ceph",
            Self::Garage => "garage",
            Self::Minio => "minio",
            Self::R2 => "r2",
            Self::Gcs => "gcs",
            Self::Other => "other",
        }
    }
}

impl Quirks {
    const fn row(name_in: NameIn, checksums: Checksums, can: [Support; 9], parts: Parts) -> Self {
        let [put_if, complete_if, copy_if, delete_if, copy_part, delete_many, tags, tag_is_md5, upload_len] =
            can;
        Self {
            name_in,
            checksums,
            put_if,
            complete_if,
            copy_if,
            delete_if,
            copy_part,
            delete_many,
            tags,
            tag_is_md5,
            upload_len,
            parts,
        }
    }
}

impl Support {
    /// Whether it does.
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is in no row of the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of server: use aws, ceph, garage, minio, r2, gcs or other")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.name().eq_ignore_ascii_case(text)).ok_or(UnknownProfile)
    }
}

#[cfg(test)]
mod tests {
    use super::{Checksums, NameIn, Parts, Profile, Quirks};

    #[test]
    fn a_server_is_told_by_its_host_and_by_what_it_calls_itself() {
        for (host, profile) in [
            ("s3.eu-central-1.amazonaws.com", Some(Profile::Aws)),
            ("bucket.s3.cn-north-1.amazonaws.com.cn", Some(Profile::Aws)),
            ("0123.R2.cloudflarestorage.com", Some(Profile::R2)),
            ("storage.googleapis.com", Some(Profile::Gcs)),
            ("notamazonaws.com", None),
            ("amazonaws.com.evil.example", None),
            ("localhost", None),
        ] {
            assert_eq!(Profile::of_host(host), profile, "{host}");
        }
        assert_eq!(Profile::of_server("Ceph Object Gateway (squid)"), Some(Profile::Ceph));
        assert_eq!(Profile::of_server("minio/RELEASE"), Some(Profile::Minio));
        assert_eq!(Profile::of_server("nginx"), None);
        assert_eq!(Profile::of_server("é"), None);
    }

    #[test]
    fn every_row_has_a_name_that_reads_back() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert!("s3".parse::<Profile>().is_err());
    }

    #[test]
    fn the_page_shows_the_table() {
        type Column = fn(Quirks) -> bool;
        let rows: [(&str, Column); 12] = [
            ("bucket's name in", |row| row.name_in == NameIn::Host),
            ("digests kept", |row| row.checksums != Checksums::None),
            ("conditions on a write", |row| row.put_if.is_yes()),
            ("\u{2026} on a completion", |row| row.complete_if.is_yes()),
            ("\u{2026} on a copy", |row| row.copy_if.is_yes()),
            ("\u{2026} on a deletion", |row| row.delete_if.is_yes()),
            ("parts made by copying", |row| row.copy_part.is_yes()),
            ("many deleted at once", |row| row.delete_many.is_yes()),
            ("tags", |row| row.tags.is_yes()),
            ("entity tag of one piece is its MD5", |row| row.tag_is_md5.is_yes()),
            ("length told at completion", |row| row.upload_len.is_yes()),
            ("parts", |row| row.parts == Parts::Any),
        ];
        let page = include_str!("../../../docs/s3.md");
        for (name, column) in rows {
            let line = page.lines().find(|line| line.starts_with(&format!("| {name} |"))).expect(name);
            let cells: Vec<_> = line.trim_matches('|').split('|').skip(1).map(str::trim).collect();
            let shown: Vec<_> = cells
                .iter()
                .map(|cell| ["yes", "host", "any"].iter().any(|yes| cell.starts_with(yes)))
                .collect();
            assert_eq!(shown, Profile::ALL.map(|profile| column(profile.quirks())), "{name}");
        }
    }
}
