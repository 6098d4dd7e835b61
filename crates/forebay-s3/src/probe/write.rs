//! Probes that write. What they make is removed, whatever becomes of them.

use std::time::SystemTime;

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::remote::{
    Attributes, Bucket as _, Checksum, ChecksumKind, Condition, Coverage, ObjectKey, PartAsk, PutAsk,
    Remote as _,
};
use forebay_store::{StoreError, StoreErrorKind, Strength, Validator};

use super::{Finding, KEY_PREFIX};
use crate::quirks::{Checksums, Profile};
use crate::{S3, Support};

/// What is written, and its CRC-32C.
const BYTES: &[u8] = b"123456789";
const CRC32C: [u8; 4] = [0xe3, 0x06, 0x92, 0x83];

impl S3 {
    pub(super) async fn probe_writing(&self) -> Vec<Finding> {
        let nonce = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let Ok(key) = ObjectKey::new(format!("{KEY_PREFIX}{}-{nonce}", std::process::id())) else {
            return vec![Finding::skipped("writes", "no name for them")];
        };
        // What the table says is missing is tried all the same.
        let bold = self.assuming(Profile::Other);
        let mut found = vec![];
        match bold.put(&ask(&key), payload()).await {
            Err(error) => return vec![Finding::bad("put", &error)],
            Ok(_) => found.push(Finding::good("put", "works")),
        }
        let table = self.quirks();
        found.push(Finding::support("checksums", bold.keeps_digests(&key).await, kept(table.checksums)));
        found.push(Finding::support("conditional put", bold.knows_conditions(&key).await, table.put_if));
        found.push(match bold.uploads_in_parts(&key).await {
            Ok(does) => Finding::support("conditional upload", does, table.complete_if),
            Err(error) => Finding::bad("multipart", &error),
        });
        found.push(match self.delete(&[key]).await.map(|failed| failed.into_iter().next()) {
            Ok(None) => Finding::good("delete", "works"),
            Ok(Some((_, error))) | Err(error) => Finding::bad("delete", &error),
        });
        found
    }

    async fn keeps_digests(&self, key: &ObjectKey) -> Result<(), String> {
        let wrong = Checksum { value: [0; 4].into(), ..digest() };
        if self.put(&PutAsk { checksum: Some(wrong), ..ask(key) }, payload()).await.is_ok() {
            return Err("a wrong digest is not noticed".into());
        }
        let right = PutAsk { checksum: Some(digest()), ..ask(key) };
        self.put(&right, payload()).await.map_err(|error| format!("digests are refused: {error}"))?;
        let told = self.head(key, None).await.map_err(|error| error.to_string())?.checksum;
        if told == right.checksum { Ok(()) } else { Err("digests are checked and not told later".into()) }
    }

    async fn knows_conditions(&self, key: &ObjectKey) -> Result<(), String> {
        let never =
            Validator::new(Strength::Strong, b"forebay-probe").map_or(Condition::Absent, Condition::Matches);
        for (condition, name) in [(Condition::Absent, "If-None-Match: *"), (never, "If-Match")] {
            held(self.put(&PutAsk { condition, ..ask(key) }, payload()).await, name)?;
        }
        Ok(())
    }

    /// Whether a completion knows conditions; an error if there are no uploads in parts at all.
    async fn uploads_in_parts(&self, key: &ObjectKey) -> Result<Result<(), String>, StoreError> {
        let once = PutAsk { condition: Condition::Absent, ..ask(key) };
        let upload = self.begin(&once).await?;
        let part = self.put_part(&upload, &PartAsk { number: 1, checksum: None }, payload()).await;
        let outcome = match part {
            Ok(part) => {
                Ok(held(self.complete(&upload, &once, &[part]).await, "If-None-Match: * on a completion"))
            }
            Err(error) => Err(error),
        };
        self.abort(&upload).await?;
        outcome
    }
}

/// Whether a write was refused because of its condition.
fn held<T>(outcome: Result<T, StoreError>, name: &str) -> Result<(), String> {
    match outcome {
        Err(error) if error.kind() == StoreErrorKind::Precondition => Ok(()),
        Err(error) => Err(format!("{name} is not known: {error}")),
        Ok(_) => Err(format!("{name} is ignored: the object was overwritten")),
    }
}

fn kept(checksums: Checksums) -> Support {
    match checksums {
        Checksums::Whole | Checksums::WholeCrc64 => Support::Yes,
        Checksums::None => Support::No,
    }
}

fn digest() -> Checksum {
    Checksum { kind: ChecksumKind::Crc32c, coverage: Coverage::FullObject, value: CRC32C.into() }
}

fn payload() -> Payload {
    Payload::bytes(Bytes::from_static(BYTES))
}

fn ask(key: &ObjectKey) -> PutAsk {
    PutAsk {
        key: key.clone(),
        attributes: Attributes::default(),
        condition: Condition::Always,
        checksum: None,
        checksum_kind: None,
    }
}
