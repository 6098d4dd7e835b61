//! Probes that change nothing.

use std::time::SystemTime;

use forebay_store::remote::{KeyEntry, KeysAsk, ObjectKey, Pin, Remote as _};
use forebay_store::{ByteRange, StoreError, StoreErrorKind, Strength, Validator};

use super::{Finding, Verdict};
use crate::S3;

impl S3 {
    /// The bucket's region, and the server's time.
    pub(super) async fn probe_region(&self) -> (Finding, Option<SystemTime>) {
        const WHAT: &str = "region";
        let ours = self.account().region();
        let (told, date) = self.look().await;
        let finding = match told {
            Ok(Some(region)) if *region == *ours => Finding::good(WHAT, ours),
            Ok(Some(region)) => {
                let text = format!(
                    "the bucket is in {region}, requests are signed for {ours}: use --region {region}"
                );
                Finding::new(WHAT, Verdict::Bad, text)
            }
            Ok(None) => Finding::good(WHAT, format!("{ours}; the server does not tell its own")),
            Err(error) => Finding::bad(WHAT, &error),
        };
        (finding, date)
    }

    pub(super) async fn probe_reading(&self) -> Vec<Finding> {
        let ask = KeysAsk { limit: Some(10), ..KeysAsk::default() };
        let page = match self.keys(&ask).await {
            Ok(page) => page,
            Err(error) => return vec![Finding::bad("list", &error)],
        };
        let mut found = vec![Finding::good("list", "works")];
        let object = page.entries.iter().find_map(|entry| match entry {
            KeyEntry::Object { key, len: 1.., .. } => Some(key),
            KeyEntry::Object { .. } | KeyEntry::Prefix(_) => None,
        });
        match object {
            Some(key) => found.extend(self.probe_object(key).await),
            None => found
                .push(Finding::skipped("reads", "the first page of the bucket lists no object with bytes")),
        }
        found
    }

    async fn probe_object(&self, key: &ObjectKey) -> Vec<Finding> {
        vec![self.probe_head(key).await, self.probe_range(key).await, self.probe_pin(key).await]
    }

    async fn probe_head(&self, key: &ObjectKey) -> Finding {
        match self.head(key, None).await {
            Ok(facts) => {
                let digest =
                    facts.checksum.map_or("no digest".to_owned(), |digest| format!("{:?}", digest.kind));
                let tag = facts.validator.map_or("no entity tag", |tag| match tag.strength() {
                    Strength::Strong => "a strong entity tag",
                    Strength::Weak => "a weak entity tag",
                });
                Finding::good("head", format!("works, with {tag} and {digest}"))
            }
            Err(error) => Finding::bad("head", &error),
        }
    }

    async fn probe_range(&self, key: &ObjectKey) -> Finding {
        match self.read(key, ByteRange::new(0, 1), None).await {
            Ok(reading) if reading.facts.ranges => Finding::good("range", "works"),
            Ok(_) => Finding::new(
                "range",
                Verdict::Lacks,
                "the server ignores ranges: no resume, no parallel reads",
            ),
            Err(error) => Finding::bad("range", &error),
        }
    }

    /// A pin to a version that never was. A server that sends bytes all the same is found out by their tag, one round trip later.
    async fn probe_pin(&self, key: &ObjectKey) -> Finding {
        const WHAT: &str = "conditional read";
        let never = Validator::new(Strength::Strong, b"forebay-probe");
        let pin = Pin { validator: never, ..Pin::default() };
        match self.read(key, ByteRange::new(0, 1), Some(&pin)).await {
            Err(error) if refused(&error) => Finding::good(WHAT, "works"),
            Err(error) if error.kind() == StoreErrorKind::Changed => Finding::new(
                WHAT,
                Verdict::Lacks,
                "If-Match is ignored; a changed object is told by its entity tag",
            ),
            Err(error) => Finding::bad(WHAT, &error),
            Ok(_) => {
                Finding::new(WHAT, Verdict::Bad, "If-Match is ignored, and there is no entity tag to tell by")
            }
        }
    }
}

/// Whether it was the server that saw the change.
fn refused(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::Changed && crate::S3Error::within(error).is_some()
}
