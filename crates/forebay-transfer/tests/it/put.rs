//! Uploads, against an S3 in this process.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_budget::{ByteSize, Class, Ledger, UpstreamSizes};
use forebay_net::client::{Client, ClientOptions};
use forebay_s3::{Access, AccessKeys, BucketName, S3, S3Options};
use forebay_store::remote::{Attributes, Bucket, Condition, ObjectKey, Remote as _};
use forebay_testkit::fake::{Action, Cut, Fault, Gate, Verb, When};
use forebay_testkit::fake_s3::{Draft, FakeS3, Object};
use forebay_transfer::verify::Level;
use forebay_transfer::{
    Destination, Engine, GetOptions, Left, OnFailure, Progress, Put, PutOptions, Source, TransferError,
    TransferErrorKind,
};
use tempfile::TempDir;

use crate::world::{KIB, PATTERN, engine, ledger, one_at_a_time};

const LEN: u64 = 500 * KIB;

pub(crate) struct Place {
    pub(crate) server: FakeS3,
    pub(crate) bucket: Arc<S3>,
    pub(crate) engine: Engine,
    pub(crate) ledger: Ledger,
    pub(crate) dir: TempDir,
    pub(crate) progress: Progress,
}

pub(crate) async fn place() -> Place {
    let server = FakeS3::start().unwrap();
    server.allow_small_parts();
    server.create_bucket("bbb");
    let keys = AccessKeys { id: "key".into(), secret: "secret".into(), session_token: None };
    let options = S3Options {
        region: Some("us-east-1".into()),
        endpoint_url: Some(server.endpoint().into()),
        access: Access::Keys(keys),

        ..S3Options::default()
    };
    let ledger = Ledger::new([(Class::Upstreams, ByteSize::mib(64)), (Class::Windows, ByteSize::mib(16))]);
    let sizes =
        UpstreamSizes { buffer: ByteSize::kib(32), receive: ByteSize::kib(64), tls: ByteSize::kib(64) };
    let client = Client::new(ClientOptions {
        stall_timeout: Duration::from_millis(500),
        ..ClientOptions::new(ledger.clone(), forebay_budget::FdLedger::new(256), sizes)
    });
    let bucket = Arc::new(S3::connect(BucketName::new("bbb").unwrap(), options, client).await);
    let (dir, progress) = (TempDir::new().unwrap(), Progress::new());
    Place { server, bucket, engine: engine(ledger.clone()), ledger, dir, progress }
}

pub(crate) fn small_parts() -> PutOptions {
    PutOptions { part_size: Some(ByteSize::mib(5)), ..PutOptions::default() }
}

impl Place {
    pub(crate) fn to(&self, key: &str) -> Destination {
        Destination { bucket: self.bucket.clone() as Arc<dyn Bucket>, key: ObjectKey::new(key).unwrap() }
    }

    pub(crate) fn file(&self, len: u64) -> std::path::PathBuf {
        let path = self.dir.path().join("file");
        PATTERN.write_file(&path, len).unwrap();
        path
    }

    pub(crate) async fn put(&self, len: u64, options: &PutOptions) -> Result<Put, TransferError> {
        let path = self.file(len);
        self.again(&path, options).await
    }

    pub(crate) async fn again(
        &self,
        path: &std::path::Path,
        options: &PutOptions,
    ) -> Result<Put, TransferError> {
        self.engine.put_file(path, &self.to("o"), options, &self.progress).await
    }

    pub(crate) fn stored(&self, key: &str) -> Arc<Object> {
        self.server.object("bbb", key).unwrap()
    }

    pub(crate) fn assert_whole(&self, len: u64) {
        let stored = self.stored("o");
        assert_eq!(stored.content.len(), len);
        stored.content.check(PATTERN).unwrap();
        assert!(self.server.uploads("bbb").is_empty());
        assert_eq!(std::fs::read_dir(self.dir.path()).unwrap().count(), 1, "no journal is left");
        assert_eq!(self.ledger.usage(Class::Windows).in_use, 0);
    }
}

pub(crate) const MIB: u64 = 1 << 20;

#[tokio::test]
async fn a_file_of_any_length_goes_up_and_the_store_confirms_its_digest() {
    for (len, parts) in [(0, 0), (1, 0), (5 * MIB, 0), (5 * MIB + 1, 2), (12 * MIB + 7, 3)] {
        let place = place().await;
        let put = place.put(len, &small_parts()).await.unwrap();
        assert_eq!((put.len, put.resumed, put.proof.level), (len, 0, Level::FullObject), "{len}");
        place.assert_whole(len);
        assert_eq!(place.server.count(Verb::Part), parts);
        let seen = place.progress.seen();
        assert_eq!((seen.total, seen.done, seen.objects), (len, len, 1));
    }
}

#[tokio::test]
async fn uploads_survive_what_networks_and_stores_do() {
    for (verb, fault) in [
        (Verb::Part, Fault::ShortUpload { after: MIB, how: Cut::Reset }),
        (Verb::Part, Fault::slow_down(None)),
        (Verb::Part, Fault::LoseAnswer(Cut::Reset)),
        (Verb::Begin, Fault::internal_error()),
        (Verb::Complete, Fault::ErrorInside("InternalError")),
        (Verb::Complete, Fault::LoseAnswer(Cut::Clean)),
    ] {
        let place = place().await;
        let name = format!("{verb:?} {fault:?}");
        place.server.script().push(When::verb(verb), fault);
        let put = place.put(11 * MIB, &small_parts()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(put.len, 11 * MIB);
        place.assert_whole(11 * MIB);
        assert_eq!(place.server.script().left(), 0, "{name}");
    }
}

#[tokio::test]
async fn an_upload_that_failed_goes_on_with_the_parts_that_arrived() {
    let place = Place { engine: one_at_a_time(ledger()), ..place().await };
    place.server.script().push(When::verb(Verb::Part).after(2).always(), Fault::access_denied());
    let error = place.put(22 * MIB, &small_parts()).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Denied, Left::Resumable), "{error}");
    assert_eq!(place.server.uploads("bbb").len(), 1);
    place.server.script().clear();
    place.server.forget();
    let put = place.again(&place.dir.path().join("file"), &small_parts()).await.unwrap();
    assert_eq!((put.resumed, put.proof.level), (10 * MIB, Level::FullObject));
    assert_eq!(place.server.count(Verb::Part), 3);
    place.assert_whole(22 * MIB);
}

#[tokio::test]
async fn a_file_that_is_another_by_now_begins_anew() {
    let place = place().await;
    place.server.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    place.put(11 * MIB, &small_parts()).await.unwrap_err();
    place.server.script().clear();
    let path = place.file(11 * MIB);
    let later = SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let put = place.again(&path, &small_parts()).await.unwrap();
    assert_eq!(put.resumed, 0);
    assert_eq!(place.stored("o").content.len(), 11 * MIB);
}

#[tokio::test]
async fn a_file_that_changes_under_way_is_not_published() {
    let place = place().await;
    let path = place.file(11 * MIB);
    let longer = path.clone();
    let grows =
        move || std::fs::File::options().write(true).open(&longer).unwrap().set_len(12 * MIB).unwrap();
    // While the bytes come, and so before the answer.
    let action = Action::new(grows);
    place.server.script().push(When::verb(Verb::Part), Fault::MeanwhileUpload { after: 1, action });
    let error = place.again(&path, &small_parts()).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Changed, Left::Nothing), "{error}");
    assert!(place.server.object("bbb", "o").is_none() && place.server.uploads("bbb").is_empty());
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_given_up() {
    let place = place().await;
    place.server.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    let options = PutOptions { on_failure: OnFailure::GivenUp, ..small_parts() };
    let error = place.put(11 * MIB, &options).await.unwrap_err();
    assert_eq!(error.left(), Left::Nothing);
    assert!(place.server.uploads("bbb").is_empty());
}

#[tokio::test]
async fn an_object_that_is_there_already_is_kept_if_that_was_the_condition() {
    for len in [10, 11 * MIB] {
        let place = place().await;
        place.server.put("bbb", "o", Draft::bytes("mine"));
        let options = PutOptions { condition: Condition::Absent, ..small_parts() };
        let error = place.put(len, &options).await.unwrap_err();
        assert_eq!((error.kind(), error.left()), (TransferErrorKind::Precondition, Left::Nothing), "{error}");
        assert_eq!(place.stored("o").content.len(), 4);
        assert!(place.server.uploads("bbb").is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_not_taken_for_somebody_elses_object() {
    let place = place().await;
    place.server.script().push(When::verb(Verb::Put), Fault::LoseAnswer(Cut::Reset));
    let options = PutOptions { condition: Condition::Absent, ..small_parts() };
    let put = place.put(LEN, &options).await.unwrap();
    assert_eq!(put.proof.level, Level::FullObject);
    place.assert_whole(LEN);
}

#[tokio::test]
async fn a_pipe_goes_up_in_parts_that_the_plan_pays_for() {
    for len in [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 30 * MIB] {
        let place = place().await;
        place
            .server
            .script()
            .push(When::verb(Verb::Part).after(1), Fault::ShortUpload { after: 9, how: Cut::Reset });
        let bytes = PATTERN.bytes(0, len as usize);
        let put = place
            .engine
            .put_pipe(&bytes[..], &place.to("o"), &PutOptions::default(), &place.progress)
            .await
            .unwrap();
        assert_eq!((put.len, put.proof.level), (len, Level::FullObject), "{len}");
        assert_eq!(place.stored("o").content.len(), len);
        place.stored("o").content.check(PATTERN).unwrap();
        let usage = place.ledger.usage(Class::Windows);
        assert!(usage.in_use == 0 && usage.peak <= 16 * MIB);
    }
}

#[tokio::test]
async fn a_pipe_that_fails_leaves_nothing() {
    let place = place().await;
    place.server.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    let bytes = PATTERN.bytes(0, 30 << 20);
    let to = place.to("o");
    let error =
        place.engine.put_pipe(&bytes[..], &to, &PutOptions::default(), &place.progress).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Denied, Left::Nothing), "{error}");
    assert!(place.server.uploads("bbb").is_empty() && place.server.object("bbb", "o").is_none());
    assert_eq!(place.ledger.usage(Class::Windows).in_use, 0);
}

#[tokio::test]
async fn an_object_goes_from_one_place_to_another_without_being_held() {
    let (from, place) = (place().await, place().await);
    for len in [0, 10, 12 * MIB] {
        from.server.put("bbb", "source", Draft::pattern(PATTERN, len));
        from.server.script().push(When::verb(Verb::Get).after(1), Fault::reset_after(1000));
        place
            .server
            .script()
            .push(When::verb(Verb::Part).after(1), Fault::ShortUpload { after: 99, how: Cut::Reset });
        let source = Source::new(from.bucket.clone(), ObjectKey::new("source").unwrap());
        let put = place
            .engine
            .put_remote(&source, &place.to("o"), &small_parts(), &place.progress)
            .await
            .unwrap_or_else(|error| panic!("{len}: {error}"));
        assert_eq!(put.len, len);
        place.stored("o").content.check(PATTERN).unwrap();
        assert_eq!(place.stored("o").content.len(), len);
        from.server.script().clear();
        place.server.script().clear();
    }
    assert_eq!(place.ledger.usage(Class::Windows).peak, 0);
}

#[tokio::test]
async fn a_pipe_that_is_dropped_is_given_up_before_the_engine_is_settled() {
    let place = place().await;
    let gate = Gate::new();
    place.server.script().push(When::verb(Verb::Part).after(1), Fault::Hang(gate.clone()));
    let (to, options) = (place.to("o"), small_parts());
    tokio::select! {
        biased;
        () = gate.wait(1) => {}
        ended = place.engine.put_pipe(tokio::io::repeat(7), &to, &options, &place.progress) => panic!("{ended:?}"),
    }
    gate.open();
    place.engine.settled().await;
    assert!(place.server.uploads("bbb").is_empty());
    assert_eq!((place.progress.seen().kept, place.ledger.usage(Class::Windows).in_use), (0, 0));
}

/// An upload whose last part was refused, and the file.
async fn begun(place: &Place, options: &PutOptions) -> std::path::PathBuf {
    place.server.script().push(When::verb(Verb::Part).after(2).always(), Fault::access_denied());
    let error = place.put(12 * MIB, options).await.unwrap_err();
    assert_eq!((error.left(), place.progress.seen().kept), (Left::Resumable, 1), "{error}");
    place.server.script().clear();
    assert_eq!(place.server.uploads("bbb").len(), 1);
    place.dir.path().join("file")
}

#[tokio::test]
async fn an_upload_whose_parts_cannot_be_listed_begins_anew_and_the_old_one_is_given_up() {
    for refusal in [Fault::access_denied(), Fault::internal_error()] {
        let place = place().await;
        let path = begun(&place, &small_parts()).await;
        place.server.script().push(When::verb(Verb::Parts).always(), refusal);
        let put = place.again(&path, &small_parts()).await.unwrap();
        assert_eq!(put.resumed, 0);
        place.assert_whole(12 * MIB);
    }
}

#[tokio::test]
async fn an_upload_that_is_to_store_something_else_beside_the_bytes_begins_anew() {
    let place = place().await;
    let path = begun(&place, &small_parts()).await;
    let attributes = Attributes { content_type: Some("text/css".into()), ..Attributes::default() };
    let put = place.again(&path, &PutOptions { attributes, ..small_parts() }).await.unwrap();
    assert_eq!(put.resumed, 0);
    place.assert_whole(12 * MIB);
    let stored = place.bucket.head(&place.to("o").key, None).await.unwrap();
    assert_eq!(stored.attributes.content_type.as_deref(), Some("text/css"));
}

#[tokio::test]
async fn a_download_goes_on_with_the_version_that_is_there_now() {
    let place = place().await;
    place.server.keep_versions("bbb");
    place.server.put("bbb", "o", Draft::pattern(PATTERN, LEN));
    let options = GetOptions { part_size: Some(ByteSize::kib(64)), ..GetOptions::default() };
    let source = Source::new(place.bucket.clone(), place.to("o").key);
    let path = place.dir.path().join("target");
    let get = async || place.engine.get_file(&source, &path, &options, &place.progress).await;

    place.server.script().push(When::verb(Verb::Get).after(3).always(), Fault::access_denied());
    assert_eq!(get().await.unwrap_err().left(), Left::Resumable);
    place.server.script().clear();
    place.server.put("bbb", "o", Draft::pattern(forebay_testkit::pattern::Pattern::new(8), LEN));
    let got = get().await.unwrap();
    assert_eq!(got.resumed, 0);
    assert_eq!(got.facts.version.as_deref(), place.stored("o").version.as_deref());
    forebay_testkit::pattern::Pattern::new(8).check(0, &std::fs::read(&path).unwrap()).unwrap();
}
