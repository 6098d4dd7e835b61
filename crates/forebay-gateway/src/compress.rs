//! Compression on the way, with windows that the plan knows.
//!
//! Left to their defaults, compressors take from 0.3 MiB (gzip) to many MiB (zstd, brotli), so all three
//! are held to small windows and tables. Measured on 1.8 MB of source text, with these settings:
//!
//! | coding | memory | time | of the size |
//! |---|---|---|---|
//! | zstd, level 3, 64 KiB window | 412 KiB | 10 ms | 24.0 % |
//! | gzip, level 5 | 392 KiB | 45 ms | 21.0 % |
//! | brotli, quality 3, 64 KiB window | 1,000 KiB | 34 ms | 23.8 % |
//!
//! So among equally welcome codings the order here is zstd, gzip, brotli: brotli earns its memory only at
//! qualities that no server can afford on the way. What is worth those is compressed once, beside the
//! file, and there brotli comes first.

use async_compression::Level;
use async_compression::brotli::EncoderParams;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use async_compression::zstd::CParameter;
use bytes::Bytes;
use forebay_budget::Lease;
use forebay_net::{FileBody, FileSpan, ReadWindow, RelayBody};
use forebay_tower::body::{EndBody, Held};
use futures_util::TryStreamExt;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncBufRead, AsyncRead};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::body::Body;
use crate::encoding::Coding;
use crate::respond::upstream::Upstream;

/// Cheapest first.
pub(crate) const ORDER: [Coding; 3] = [Coding::Zstd, Coding::Gzip, Coding::Brotli];

/// What one compressor takes, in bytes: window, tables, the buffers around them, and some room.
pub(crate) const fn cost(coding: Coding) -> u64 {
    match coding {
        Coding::Gzip | Coding::Zstd => 512 << 10,
        Coding::Brotli => 1152 << 10,
    }
}

/// Output is handed on in pieces of this size.
const CHUNK: usize = 16 << 10;

/// Memory for one compressor and what feeds it.
pub(crate) struct Compressor {
    window: Lease,
    reads: ReadWindow,
}

/// What is compressed.
pub(crate) enum Source {
    Bytes(Bytes),
    File(FileSpan),
    Upstream(Box<Upstream>),
}

/// What a compressor holds to its end.
struct Paid {
    _window: Lease,
    /// For a source that does not hold it itself.
    _reads: Option<ReadWindow>,
}

impl Compressor {
    /// Takes [`cost`] bytes that were granted, and what may be read ahead of the compressor.
    pub(crate) fn new(window: Lease, reads: ReadWindow) -> Self {
        Self { window, reads }
    }

    /// The content, compressed as it is read. Fails where reading fails: a short body stays without its
    /// end mark.
    pub(crate) fn body(self, coding: Coding, source: Source) -> Body {
        let Self { window, reads } = self;
        let mut paid = Paid { _window: window, _reads: None };
        let source = match source {
            Source::Bytes(bytes) => Body::from(bytes),
            Source::File(span) => Body::from(FileBody::of(span, reads)),
            Source::Upstream(body) => {
                paid._reads = Some(reads);
                Body::from(RelayBody::new(*body))
            }
        };
        let reader = StreamReader::new(source.into_data_stream());
        match coding {
            Coding::Gzip => stream(GzipEncoder::with_quality(reader, Level::Precise(5)), paid),
            Coding::Zstd => stream(zstd(reader), paid),
            Coding::Brotli => stream(brotli(reader), paid),
        }
    }
}

fn zstd<R: AsyncBufRead>(reader: R) -> ZstdEncoder<R> {
    let bounded = [CParameter::window_log(16), CParameter::hash_log(14), CParameter::chain_log(14)];
    ZstdEncoder::with_quality_and_params(reader, Level::Precise(3), &bounded)
}

fn brotli<R: AsyncBufRead>(reader: R) -> BrotliEncoder<R> {
    let bounded = EncoderParams::default().quality(Level::Precise(3)).window_size(16);
    BrotliEncoder::with_params(reader, bounded)
}

fn stream(encoder: impl AsyncRead + Send + 'static, paid: Paid) -> Body {
    let frames = ReaderStream::with_capacity(encoder, CHUNK).map_ok(Frame::<Bytes>::data);
    Body::stream(EndBody::<_, Held<Paid>>::new(StreamBody::new(frames), Held::new(paid)))
}
