//! What a bucket promises, as functions over any bucket.
//!
//! A server joins by a function that starts it with an empty bucket (or says that it cannot be had here), and by the promises
//! that it is held to: what is missing from its list is what that server does not do.

pub(crate) mod attributes;
pub(crate) mod conditions;
pub(crate) mod copies;
pub(crate) mod deletions;
pub(crate) mod keys;
pub(crate) mod reads;
pub(crate) mod uploads;
pub(crate) mod versions;

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::StoreError;
use forebay_store::remote::{
    Attributes, Bucket, Condition, KeyEntry, KeysAsk, ObjectKey, PutAsk, Reading, Stored,
};

macro_rules! contract {
    // A server that takes long to start is started once for all promises.
    (once $module:ident => $($file:ident :: $promise:ident),* $(,)?) => {
        #[tokio::test]
        async fn $module() {
            let Some(server) = crate::servers::$module::server().await else { return };
            $(
                eprintln!("{}", stringify!($promise));
                crate::contract::$file::$promise(&server.bucket().await).await;
            )*
        }
    };
    ($module:ident => $($file:ident :: $promise:ident),* $(,)?) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $promise() {
                    if let Some(place) = crate::servers::$module::start().await {
                        crate::contract::$file::$promise(&place.s3).await;
                    }
                }
            )*
        }
    };
}

contract! { fake =>
    keys::odd_keys_survive,
    keys::a_key_may_have_two_lines,
    keys::keys_come_by_pages_in_the_order_of_bytes,
    keys::directories_are_groups,
    attributes::attributes_come_back_as_they_were_put,
    attributes::expires_is_any_text,
    attributes::the_servers_clock_is_told,
    reads::an_object_is_the_bytes_that_were_put,
    reads::a_range_is_exactly_its_bytes,
    reads::a_range_beyond_the_end_is_invalid,
    reads::what_is_not_there_is_not_found,
    reads::a_pin_is_kept,
    reads::an_empty_object_is_empty,
    reads::a_wrong_digest_is_refused,
    conditions::absent_means_absent,
    conditions::a_match_is_of_the_version,
    conditions::an_upload_is_completed_on_condition,
    copies::a_copy_keeps_or_replaces_attributes,
    copies::a_copy_is_of_the_pinned_version,
    deletions::many_are_deleted_and_what_was_not_there_counts,
    deletions::what_is_another_by_now_is_not_deleted,
    uploads::parts_make_an_object,
    uploads::parts_are_listed_behind_a_number,
    uploads::a_part_is_copied,
    uploads::an_aborted_upload_is_gone,
    uploads::uploads_are_listed,
    versions::versions_are_listed_newest_first_and_deleted_by_name,
}

// Keeps objects as files: keys that are no names of files, and versions, are not for it. It knows no conditions on writes, lists
// parts without their entity tags, and calls an upload that is gone denied.
contract! { s3s_fs =>
    keys::keys_come_by_pages_in_the_order_of_bytes,
    keys::directories_are_groups,
    reads::an_object_is_the_bytes_that_were_put,
    reads::a_range_is_exactly_its_bytes,
    reads::a_range_beyond_the_end_is_invalid,
    reads::what_is_not_there_is_not_found,
    reads::an_empty_object_is_empty,
    deletions::many_are_deleted_and_what_was_not_there_counts,
    deletions::what_is_another_by_now_is_not_deleted,
    uploads::parts_make_an_object,
}

// Its routes end at a line's end, so a key of two lines is not for it; it copies whatever the version of the
// source, lists parts in a document that is none of S3's, and fails over the completion of an upload that is gone.
contract! { once moto =>
    keys::odd_keys_survive,
    keys::keys_come_by_pages_in_the_order_of_bytes,
    keys::directories_are_groups,
    attributes::attributes_come_back_as_they_were_put,
    attributes::expires_is_any_text,
    attributes::the_servers_clock_is_told,
    reads::an_object_is_the_bytes_that_were_put,
    reads::a_range_is_exactly_its_bytes,
    reads::a_range_beyond_the_end_is_invalid,
    reads::what_is_not_there_is_not_found,
    reads::a_pin_is_kept,
    reads::an_empty_object_is_empty,
    conditions::absent_means_absent,
    conditions::a_match_is_of_the_version,
    conditions::an_upload_is_completed_on_condition,
    copies::a_copy_keeps_or_replaces_attributes,
    deletions::many_are_deleted_and_what_was_not_there_counts,
    deletions::what_is_another_by_now_is_not_deleted,
    uploads::parts_make_an_object,
    uploads::a_part_is_copied,
    uploads::uploads_are_listed,
    versions::a_version_stays_readable,
    versions::versions_are_listed_newest_first_and_deleted_by_name,
}

// It takes a key of slashes alone for the bucket, copies no part of a small object, and knows no conditions on writes, no versions
// and no tags.
contract! { once garage =>
    keys::a_key_may_have_two_lines,
    keys::keys_come_by_pages_in_the_order_of_bytes,
    keys::directories_are_groups,
    attributes::attributes_come_back_as_they_were_put,
    attributes::expires_is_any_text,
    attributes::the_servers_clock_is_told,
    reads::an_object_is_the_bytes_that_were_put,
    reads::a_range_is_exactly_its_bytes,
    reads::a_range_beyond_the_end_is_invalid,
    reads::what_is_not_there_is_not_found,
    reads::a_pin_is_kept,
    reads::an_empty_object_is_empty,
    reads::a_wrong_digest_is_refused,
    copies::a_copy_keeps_or_replaces_attributes,
    copies::a_copy_is_of_the_pinned_version,
    deletions::many_are_deleted_and_what_was_not_there_counts,
    uploads::parts_make_an_object,
    uploads::parts_are_listed_behind_a_number,
    uploads::an_aborted_upload_is_gone,
    uploads::uploads_are_listed,
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

/// What writes an object of this name, whatever is there.
pub(crate) fn plainly(name: &str) -> PutAsk {
    PutAsk {
        key: key(name),
        attributes: Attributes::default(),
        condition: Condition::Always,
        checksum: None,
        checksum_kind: None,
    }
}

pub(crate) fn payload(bytes: &[u8]) -> Payload {
    Payload::bytes(Bytes::copy_from_slice(bytes))
}

pub(crate) async fn put(bucket: &dyn Bucket, name: &str, bytes: &[u8]) -> Stored {
    bucket.put(&plainly(name), payload(bytes)).await.unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

/// All bytes of a reading.
pub(crate) async fn drained(reading: Result<Reading, StoreError>) -> Vec<u8> {
    let mut body = reading.unwrap().body;
    let mut all = Vec::new();
    while let Some(chunk) = body.chunk().await {
        all.extend(chunk.unwrap());
    }
    all
}

/// The names of all objects.
pub(crate) async fn names(bucket: &dyn Bucket) -> Vec<String> {
    let mut ask = KeysAsk::default();
    let mut names = Vec::new();
    loop {
        let page = bucket.keys(&ask).await.unwrap();
        names.extend(page.entries.iter().map(|entry| match entry {
            KeyEntry::Object { key, .. } => key.as_str().to_owned(),
            KeyEntry::Prefix(prefix) => panic!("a group without being asked for: {prefix}"),
        }));
        ask.continuation = page.next;
        if ask.continuation.is_none() {
            return names;
        }
    }
}
