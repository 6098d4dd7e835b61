//! Uploads in parts.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, EncodingType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use forebay_net::client::Payload;
use forebay_store::remote::{
    ChecksumKind, CopyAsk, Coverage, ObjectKey, Part, PartAsk, PutAsk, Stored, Upload, UploadEntry,
    UploadsAsk, UploadsPage,
};
use forebay_store::{ByteRange, StoreError, StoreErrorKind};

use crate::error::Asked;
use crate::exchange::{Exchange, Head};
use crate::quirks::{Checksums, Parts};
use crate::s3::dress;
use crate::write::asked;
use crate::{S3, checksum, facts, list, xml};

impl S3 {
    pub(crate) async fn begin_now(&self, ask: &PutAsk) -> Result<Upload, StoreError> {
        let mut headers = self.writing(ask)?;
        // Found out now, and not when all parts have been sent.
        self.require(&ask.condition, self.quirks().complete_if)?;
        if let Some(kind) = self.digest_of(ask) {
            headers.put("x-amz-checksum-type", self.coverage_of_parts(kind));
        }
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .create_multipart_upload()
            .bucket(self.bucket())
            .key(ask.key.as_str())
            .set_checksum_algorithm(self.digest_of(ask).and_then(checksum::algorithm))
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Write)?;
        let id = output.upload_id.ok_or_else(|| self.odd("an upload was begun without a name"))?;
        Ok(Upload { key: ask.key.clone(), id: id.into() })
    }

    /// The algorithm that the server shall keep a digest in, where it can.
    pub(crate) fn digest_of(&self, ask: &PutAsk) -> Option<ChecksumKind> {
        let kind = ask.checksum.as_ref().map(|digest| digest.kind).or(ask.checksum_kind)?;
        let kept = self.quirks().checksums != Checksums::None && checksum::header(kind).is_some();
        kept.then_some(kind)
    }

    fn coverage_of_parts(&self, kind: ChecksumKind) -> &'static str {
        match (self.quirks().checksums, kind) {
            (Checksums::WholeCrc64, ChecksumKind::Crc64Nvme) => "FULL_OBJECT",
            (Checksums::WholeCrc64, _) => "COMPOSITE",
            (Checksums::Whole | Checksums::None, kind) => checksum::coverage_of_parts(kind),
        }
    }

    pub(crate) async fn put_part_now(
        &self,
        upload: &Upload,
        ask: &PartAsk,
        payload: Payload,
    ) -> Result<Part, StoreError> {
        let len = self.announced(&payload)?;
        let mut headers = self.headers();
        self.account.sse().on_read(&mut headers);
        self.digest(ask.checksum.as_ref(), &mut headers);
        let exchange = Exchange::sending(payload);
        let operation = self
            .sdk()
            .upload_part()
            .bucket(self.bucket())
            .key(upload.key.as_str())
            .upload_id(&*upload.id)
            .part_number(self.number(ask.number)?)
            .content_length(len)
            .customize()
            .disable_payload_signing();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (_, head) = self.settle(outcome, &exchange, Asked::Write)?;
        let facts = facts::of(&head.headers);
        let validator =
            facts.validator.ok_or_else(|| self.odd("a part was answered without an entity tag"))?;
        Ok(Part { number: ask.number, len: len.unsigned_abs(), validator, checksum: facts.checksum })
    }

    pub(crate) async fn copy_part_now(
        &self,
        upload: &Upload,
        number: u32,
        source: &CopyAsk,
        range: ByteRange,
    ) -> Result<Part, StoreError> {
        if !self.quirks().copy_part.is_yes() {
            return Err(self.lacks("parts that are copied"));
        }
        if range.is_empty() {
            return Err(self.invalid("an empty part cannot be copied"));
        }
        let mut headers = self.headers();
        self.account.sse().on_read(&mut headers);
        self.account.sse().on_source(&mut headers);
        headers.pin_of_source(&source.pin);
        headers.put("x-amz-copy-source-range", format!("bytes={}-{}", range.start(), range.end() - 1));
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .upload_part_copy()
            .bucket(self.bucket())
            .key(upload.key.as_str())
            .upload_id(&*upload.id)
            .part_number(self.number(number)?)
            .copy_source(self.source(source))
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, asked(source))?;
        let copied = output.copy_part_result.ok_or_else(|| self.odd("the copy was answered with nothing"))?;
        let tag = copied.e_tag().and_then(|tag| facts::tag(tag.as_bytes()));
        Ok(Part {
            number,
            len: range.len(),
            validator: tag.ok_or_else(|| self.odd("a part was answered without an entity tag"))?,
            checksum: checksum::first(checksum::checksums_of!(copied)),
        })
    }

    pub(crate) async fn parts_now(&self, upload: &Upload, after: u32) -> Result<Vec<Part>, StoreError> {
        let _turn = self.account.list_turn().await;
        let exchange = Exchange::of_list();
        let mut headers = self.headers();
        self.account.sse().on_read(&mut headers);
        let operation = self
            .sdk()
            .list_parts()
            .bucket(self.bucket())
            .key(upload.key.as_str())
            .upload_id(&*upload.id)
            .part_number_marker(after.to_string())
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Pin)?;
        output.parts().iter().map(|part| self.listed_part(part)).collect()
    }

    fn listed_part(&self, part: &aws_sdk_s3::types::Part) -> Result<Part, StoreError> {
        let number = part.part_number().and_then(|number| u32::try_from(number).ok());
        let len = part.size().and_then(|len| u64::try_from(len).ok());
        let validator = part.e_tag().and_then(|tag| facts::tag(tag.as_bytes()));
        let (Some(number), Some(len), Some(validator)) = (number, len, validator) else {
            return Err(self.odd("a part is listed without its number, its length or its entity tag"));
        };
        Ok(Part { number, len, validator, checksum: checksum::first(checksum::checksums_of!(part)) })
    }

    pub(crate) async fn complete_now(
        &self,
        upload: &Upload,
        ask: &PutAsk,
        parts: &[Part],
    ) -> Result<Stored, StoreError> {
        let mut headers = self.headers();
        self.account.sse().on_read(&mut headers);
        self.require(&ask.condition, self.quirks().complete_if)?;
        if self.quirks().parts == Parts::Equal && !of_one_len(parts) {
            return Err(self.lacks("parts of different lengths"));
        }
        headers.condition(&ask.condition);
        if let Some(digest) = ask.checksum.as_ref().filter(|digest| self.covers_whole(digest.kind)) {
            self.digest(Some(digest), &mut headers);
            headers.put("x-amz-checksum-type", "FULL_OBJECT");
        }
        if self.quirks().upload_len.is_yes() {
            let len: u64 = parts.iter().map(|part| part.len).sum();
            headers.put("x-amz-mp-object-size", len.to_string());
        }
        let listed = parts.iter().map(|part| self.completed(part)).collect::<Result<_, _>>()?;
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .complete_multipart_upload()
            .bucket(self.bucket())
            .key(upload.key.as_str())
            .upload_id(&*upload.id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(listed)).build())
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        // Some servers name the root of their answer as they like; what matters is in it.
        let tag = outcome.as_ref().err().and_then(tag_in);
        let outcome = match tag {
            Some(tag) => Ok(CompleteMultipartUploadOutput::builder().e_tag(tag).build()),
            None => outcome,
        };
        let (output, head) = self.settle(outcome, &exchange, Asked::Write)?;
        self.published(&output, &head)
    }

    fn published(&self, output: &CompleteMultipartUploadOutput, head: &Head) -> Result<Stored, StoreError> {
        // A 200 is sent before the work is done; what follows it may be an error, or nothing.
        let tag = output.e_tag().and_then(|tag| facts::tag(tag.as_bytes()));
        let tag = tag.ok_or_else(|| self.odd("the completion was answered without an entity tag"))?;
        let whole = output.checksum_type().map(|kind| match kind.as_str() {
            "FULL_OBJECT" => Coverage::FullObject,
            _ => Coverage::Composite,
        });
        let checksum = checksum::first(checksum::checksums_of!(output)).map(|mut checksum| {
            checksum.coverage = whole.unwrap_or(checksum.coverage);
            checksum
        });
        let version = head.text("x-amz-version-id").filter(|version| *version != "null").map(Into::into);
        Ok(Stored { validator: Some(tag), version, checksum })
    }

    fn covers_whole(&self, kind: ChecksumKind) -> bool {
        self.quirks().checksums != Checksums::None && self.coverage_of_parts(kind) == "FULL_OBJECT"
    }

    fn completed(&self, part: &Part) -> Result<CompletedPart, StoreError> {
        let builder = CompletedPart::builder()
            .part_number(self.number(part.number)?)
            .e_tag(String::from_utf8_lossy(part.validator.text()));
        let Some(digest) = part.checksum.as_ref().filter(|_| self.quirks().checksums != Checksums::None)
        else {
            return Ok(builder.build());
        };
        let text = checksum::text(digest);
        Ok(match digest.kind {
            ChecksumKind::Crc32 => builder.checksum_crc32(text),
            ChecksumKind::Crc32c => builder.checksum_crc32_c(text),
            ChecksumKind::Crc64Nvme => builder.checksum_crc64_nvme(text),
            ChecksumKind::Sha256 => builder.checksum_sha256(text),
            ChecksumKind::Sha1 => builder.checksum_sha1(text),
            ChecksumKind::Md5 => builder,
        }
        .build())
    }

    pub(crate) async fn abort_now(&self, upload: &Upload) -> Result<(), StoreError> {
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .abort_multipart_upload()
            .bucket(self.bucket())
            .key(upload.key.as_str())
            .upload_id(&*upload.id)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        match self.settle(outcome, &exchange, Asked::Write) {
            Ok(_) => Ok(()),
            Err(gone) if gone.kind() == StoreErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn uploads_now(&self, ask: &UploadsAsk) -> Result<UploadsPage, StoreError> {
        let (key, id) = ask.continuation.clone().unzip();
        let _turn = self.account.list_turn().await;
        let exchange = Exchange::of_list();
        let operation = self
            .sdk()
            .list_multipart_uploads()
            .bucket(self.bucket())
            .prefix(&*ask.prefix)
            .set_key_marker(key.map(Into::into))
            .set_upload_id_marker(id.map(Into::into))
            .encoding_type(EncodingType::Url)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Pin)?;
        let escaped = output.encoding_type() == Some(&EncodingType::Url);
        let entries = output.uploads().iter().map(|upload| self.listed_upload(upload, escaped));
        let next = match (output.is_truncated(), output.next_key_marker()) {
            (Some(true), Some(key)) => {
                let id = output.next_upload_id_marker().unwrap_or_default();
                Some((self.listed(Some(key), escaped)?.into(), id.into()))
            }
            (Some(true), None) => return Err(self.odd("a page says that more follow and not where")),
            (_, _) => None,
        };
        Ok(UploadsPage { entries: entries.collect::<Result<_, _>>()?, next })
    }

    fn listed_upload(
        &self,
        upload: &aws_sdk_s3::types::MultipartUpload,
        escaped: bool,
    ) -> Result<UploadEntry, StoreError> {
        let key = ObjectKey::new(self.listed(upload.key(), escaped)?)
            .map_err(|error| self.odd(&format!("a page lists what is no key: {error}")))?;
        let id = upload.upload_id().ok_or_else(|| self.odd("an upload is listed without its name"))?;
        let begun = upload.initiated().and_then(list::time);
        Ok(UploadEntry { upload: Upload { key, id: id.into() }, begun })
    }

    fn number(&self, number: u32) -> Result<i32, StoreError> {
        match number {
            1..=10_000 => Ok(number as i32),
            _ => Err(self.invalid("parts are numbered from 1 to 10,000")),
        }
    }
}

/// The entity tag in an answer that is good and that the SDK does not understand.
fn tag_in<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let answer = error.raw_response().filter(|answer| answer.status().is_success())?;
    let body = answer.body().bytes()?;
    let refusal = xml::element(body, "Code").is_some();
    xml::tag(body).filter(|_| !refusal)
}

/// Whether all parts but the last have one length, and the last is no longer.
fn of_one_len(parts: &[Part]) -> bool {
    let Some((last, others)) = parts.split_last() else { return true };
    let one = others.first().map_or(last.len, |first| first.len);
    last.len <= one && others.iter().all(|part| part.len == one)
}
