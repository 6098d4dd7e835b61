//! `Accept-Encoding` (RFC 9110 §12.5.3): which content coding to answer with.

use http::HeaderMap;
use http::header::{self, HeaderValue};

use crate::quality::{Quality, weighted};

/// A content coding that we can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// Brotli (RFC 7932), `br`.
    Brotli,
    /// Zstandard (RFC 8878), `zstd`.
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// All of them, smallest result first: the order for what was compressed beforehand.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The value of `Content-Encoding`.
    #[must_use]
    pub const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The suffix of a file that holds this coding of its neighbour.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

/// How welcome each coding is to a client.
///
/// A client that forbids everything, `identity;q=0` included, is sent the identity all the same:
/// §12.5.3 leaves that choice to the server, and bytes help more than a 406.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    codings: [Quality; 3],
    identity: Quality,
}

impl Accepted {
    /// A client that said nothing gets the identity.
    pub const IDENTITY: Self = Self { codings: [0; 3], identity: 1000 };

    /// Reads every `Accept-Encoding` field of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(header::ACCEPT_ENCODING).iter().peekable();
        if fields.peek().is_none() {
            return Self::IDENTITY;
        }
        Self::read(fields.map(HeaderValue::as_bytes))
    }

    /// Reads the values of the header's fields.
    #[must_use]
    pub fn read<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut codings: [Option<Quality>; 3] = [None; 3];
        let (mut identity, mut others) = (None, None);
        for (name, quality) in fields.flat_map(weighted) {
            let slot = if name == b"*" {
                &mut others
            } else if name.eq_ignore_ascii_case(b"identity") {
                &mut identity
            } else {
                let name = if name.eq_ignore_ascii_case(b"x-gzip") { b"gzip" } else { name };
                let known = Coding::ALL.iter().position(|c| name.eq_ignore_ascii_case(c.name().as_bytes()));
                match known {
                    Some(at) => &mut codings[at],
                    None => continue,
                }
            };
            *slot = Some(quality);
        }
        Self {
            codings: codings.map(|quality| quality.or(others).unwrap_or(0)),
            // Not named, it is acceptable, but whatever is named is preferred to it.
            identity: identity.or(others.filter(|&q| q == 0)).unwrap_or(1),
        }
    }

    /// The codings worth trying, most welcome first, equally welcome ones in the order given: those at
    /// least as welcome as the identity.
    pub fn preferred(self, mut order: [Coding; 3]) -> impl Iterator<Item = Coding> {
        order.sort_by_key(|&coding| std::cmp::Reverse(self.quality(coding)));
        order
            .into_iter()
            .filter(move |&coding| self.quality(coding) > 0 && self.quality(coding) >= self.identity)
    }

    const fn quality(&self, coding: Coding) -> Quality {
        self.codings[coding as usize]
    }
}
