//! Reading: heads, bytes, keys.

use forebay_net::retry::Peer;
use forebay_store::remote::{Attributes, Facts, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote};
use forebay_store::{Answer, ByteRange, StoreError, StoreErrorKind};
use http::{HeaderMap, StatusCode};

use crate::S3;
use crate::error::{Asked, Trouble, failure};
use crate::exchange::{Exchange, Head};
use crate::facts;
use crate::headers::Headers;
use crate::judge::{Held, judge};
use crate::quirks::Checksums;
use crate::s3::dress;

/// The last byte of a range without an end.
const BEYOND: u64 = u64::MAX - 1;

impl Remote for S3 {
    fn place(&self) -> &str {
        self.s3_place()
    }

    fn peer(&self) -> &Peer {
        self.account.peer()
    }

    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts> {
        Answer::later(async move { Ok(self.head_now(key, pin).await?.0) })
    }

    fn attributes<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Attributes> {
        Answer::later(self.attributes_now(key, pin))
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        Answer::later(self.read_now(key, range, pin))
    }

    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage> {
        Answer::later(self.keys_now(ask))
    }
}

impl S3 {
    async fn head_now(&self, key: &ObjectKey, pin: Option<&Pin>) -> Result<(Facts, Head), StoreError> {
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .head_object()
            .bucket(self.bucket())
            .key(key.as_str())
            .set_version_id(version(pin))
            .customize();
        let outcome = dress(operation, self.reading(pin), &exchange)?.send().await;
        let (_, head) = self.settle(outcome, &exchange, Asked::Pin)?;
        let facts = self.facts(&head.headers);
        checked(pin, &facts)?;
        Ok((facts, head))
    }

    /// Tags cost a request of their own, and a right that readers may lack: only what has some is asked for them.
    async fn attributes_now(&self, key: &ObjectKey, pin: Option<&Pin>) -> Result<Attributes, StoreError> {
        let (facts, head) = self.head_now(key, pin).await?;
        let mut attributes = facts.attributes;
        if head.text("x-amz-tagging-count").is_some_and(|count| count != "0") {
            attributes.tags = self.tags(key, facts.version).await?;
        }
        Ok(attributes)
    }

    async fn tags(
        &self,
        key: &ObjectKey,
        version: Option<Box<str>>,
    ) -> Result<Vec<(Box<str>, Box<str>)>, StoreError> {
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .get_object_tagging()
            .bucket(self.bucket())
            .key(key.as_str())
            .set_version_id(version.map(Into::into))
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Pin)?;
        Ok(output.tag_set.into_iter().map(|tag| (tag.key.into(), tag.value.into())).collect())
    }

    async fn read_now(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&Pin>,
    ) -> Result<Reading, StoreError> {
        let mut headers = self.reading(pin);
        if let Some(range) = range {
            let Some(last) = range.end().checked_sub(1).filter(|_| !range.is_empty()) else {
                return Err(self.invalid("an empty range cannot be asked for"));
            };
            let text = match last {
                // As far as there is; not every server reads numbers of 64 bits.
                BEYOND => format!("bytes={}-", range.start()),
                last => format!("bytes={}-{last}", range.start()),
            };
            headers.put("range", text);
        }
        let exchange = Exchange::of_bytes();
        let operation = self
            .sdk()
            .get_object()
            .bucket(self.bucket())
            .key(key.as_str())
            .set_version_id(version(pin))
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (_, head) = self.settle(outcome, &exchange, Asked::Pin)?;
        let body = exchange.body().ok_or_else(|| self.odd("the answer has no body"))?;
        let (facts, range) = self.held(range, &head)?;
        checked(pin, &facts)?;
        Ok(Reading { facts, range, body })
    }

    /// What an answer with bytes holds, if it is what was asked for.
    fn held(&self, asked: Option<ByteRange>, head: &Head) -> Result<(Facts, Option<ByteRange>), StoreError> {
        let mut facts = self.facts(&head.headers);
        let status = head.status.unwrap_or(StatusCode::OK);
        let held =
            judge(asked, status, head.text("content-range"), facts.len).map_err(|odd| self.odd(&odd))?;
        match held {
            Held::Whole => {
                facts.ranges = asked.is_none();
                let range = facts.len.map(ByteRange::whole);
                Ok((facts, range))
            }
            Held::Part(range, total) => {
                facts.len = Some(total);
                // It may be that of a part, and does not say so.
                facts.checksum = self.tag_digest(&head.headers);
                Ok((facts, Some(range)))
            }
        }
    }

    fn facts(&self, headers: &HeaderMap) -> Facts {
        let mut facts = facts::of(headers);
        if facts.checksum.is_none() {
            facts.checksum = self.tag_digest(headers);
        }
        facts
    }

    fn tag_digest(&self, headers: &HeaderMap) -> Option<forebay_store::remote::Checksum> {
        if self.quirks().tag_is_md5.is_yes() { facts::md5_of_tag(headers) } else { None }
    }

    fn reading(&self, pin: Option<&Pin>) -> Headers {
        let mut headers = self.headers();
        if self.quirks().checksums != Checksums::None {
            headers.put("x-amz-checksum-mode", "ENABLED");
        }
        if let Some(pin) = pin {
            headers.pin(pin);
        }
        self.account.sse().on_read(&mut headers);
        headers
    }

    pub(crate) fn odd(&self, what: &str) -> StoreError {
        failure(StoreErrorKind::Unavailable, Trouble::Server, format!("{}: {what}", self.s3_place()))
    }

    pub(crate) fn invalid(&self, what: &str) -> StoreError {
        failure(StoreErrorKind::Invalid, Trouble::Request, format!("{}: {what}", self.s3_place()))
    }
}

/// A server that ignores `If-Match` is found out by what it sends.
fn checked(pin: Option<&Pin>, facts: &Facts) -> Result<(), StoreError> {
    pin.map_or(Ok(()), |pin| pin.check(facts))
}

fn version(pin: Option<&Pin>) -> Option<String> {
    Some(pin?.version.as_deref()?.to_owned())
}
