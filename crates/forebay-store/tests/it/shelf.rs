//! A bucket in the fake S3, reached by the plainest of means: `GET` and `PUT` on its URL.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use forebay_net::client::{Client, Payload};
use forebay_net::retry::Peer;
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{
    Bucket, CopyAsk, Doomed, Facts, KeyEntry, KeysAsk, KeysPage, ObjectKey, Part, PartAsk, Pin, PutAsk,
    Reading, Remote, Stored, Upload, UploadsAsk, UploadsPage, VersionsAsk, VersionsPage,
};
use forebay_store::{Answer, ByteRange, StoreError, StoreErrorKind};
use forebay_testkit::fake_s3::{Draft, FakeS3};
use http::header::EXPIRES;
use http::{Request, StatusCode};
use parking_lot::Mutex;
use url::Url;

use crate::scripted::client;

/// The bucket `b` of a fake of its own.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) s3: FakeS3,
    origin: Origin,
    client: Client,
    base: String,
    names: Mutex<BTreeSet<String>>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let s3 = FakeS3::start().unwrap();
        s3.create_bucket("b");
        let (base, client) = (format!("{}/b/", s3.endpoint()), client());
        let origin =
            Origin::new(Url::parse(&base).unwrap(), client.clone(), OriginOptions::default()).unwrap();
        Self { s3, origin, client, base, names: Mutex::default() }
    }

    /// The client's ends of connections to the fake.
    pub(crate) fn sockets(&self) -> Sockets {
        let port = Url::parse(&self.base).unwrap().port().unwrap();
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let remote = format!(":{port:04X}");
        let states = table.lines().filter_map(|line| {
            let mut fields = line.split_whitespace().skip(2);
            fields.next().filter(|end| end.ends_with(&remote)).and_then(|_| fields.next())
        });
        let states: Vec<&str> = states.collect();
        let count = |wanted: &str| states.iter().filter(|state| **state == wanted).count();
        Sockets { open: count("01"), close_wait: count("08") }
    }

    /// Puts an object behind the client's back, where listings show it too.
    pub(crate) fn put_listed(&self, name: &str, bytes: &[u8]) {
        self.s3.put("b", name, Draft::bytes(bytes.to_vec()));
        self.names.lock().insert(name.to_owned());
    }

    pub(crate) fn remove(&self, name: &str) {
        self.s3.delete("b", name);
        self.names.lock().remove(name);
    }

    /// A page as S3 makes it: groups count like keys, and what continues is the last of either.
    fn page(&self, ask: &KeysAsk) -> KeysPage {
        let names = self.names.lock();
        let after = ask.continuation.as_ref().or(ask.start_after.as_ref());
        let mut page = KeysPage::default();
        let mut last = String::new();
        for name in names.iter().filter(|name| name.starts_with(&*ask.prefix)) {
            let slash = name[ask.prefix.len()..].find('/').filter(|_| ask.by_directory);
            let shown = slash.map_or(&**name, |slash| &name[..=ask.prefix.len() + slash]);
            let is_before = |after: &&str| name.as_str() <= *after || shown <= *after;
            if shown == last || after.is_some_and(|after| is_before(&&**after)) {
                continue;
            }
            if page.entries.len() == usize::from(ask.limit.unwrap_or(1000)) {
                page.next = Some(last.into());
                return page;
            }
            last = shown.to_owned();
            page.entries.push(match slash {
                Some(_) => KeyEntry::Prefix(shown.into()),
                None => self.entry(name),
            });
        }
        page
    }

    fn entry(&self, name: &str) -> KeyEntry {
        let object = self.s3.object("b", name).unwrap();
        let since = object.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        KeyEntry::Object {
            key: ObjectKey::new(name).unwrap(),
            len: object.content.len(),
            modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())),
            validator: None,
            storage_class: None,
        }
    }

    async fn write(&self, ask: &PutAsk, payload: Payload) -> Result<Stored, StoreError> {
        let mut request = Request::put(format!("{}{}", self.base, ask.key));
        if let Some(expires) = &ask.attributes.expires {
            request = request.header(EXPIRES, &**expires);
        }
        let response = self.client.send(request.body(payload).unwrap()).await?;
        match response.status() {
            StatusCode::OK => Ok(Stored::default()),
            _ => Err(StoreErrorKind::Unavailable.into()),
        }
    }
}

/// How many there are, by state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sockets {
    pub(crate) open: usize,
    /// The other side has closed and this one has not.
    pub(crate) close_wait: usize,
}

fn unused<'a, T: Send + 'a>() -> Answer<'a, T> {
    Answer::now(Err(StoreErrorKind::Invalid.into()))
}

impl Remote for Shelf {
    fn place(&self) -> &str {
        "shelf://b"
    }

    fn peer(&self) -> &Peer {
        self.origin.peer()
    }

    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts> {
        self.origin.head(key, pin)
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        self.origin.read(key, range, pin)
    }

    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage> {
        Answer::now(Ok(self.page(ask)))
    }
}

impl Bucket for Shelf {
    fn put<'a>(&'a self, ask: &'a PutAsk, payload: Payload) -> Answer<'a, Stored> {
        Answer::later(self.write(ask, payload))
    }

    fn copy<'a>(&'a self, _: &'a CopyAsk) -> Answer<'a, Stored> {
        unused()
    }

    fn delete<'a>(&'a self, _: &'a [ObjectKey]) -> Answer<'a, Vec<(ObjectKey, StoreError)>> {
        unused()
    }

    fn delete_if<'a>(&'a self, _: &'a ObjectKey, _: &'a Doomed) -> Answer<'a, ()> {
        unused()
    }

    fn versions<'a>(&'a self, _: &'a VersionsAsk) -> Answer<'a, VersionsPage> {
        unused()
    }

    fn begin<'a>(&'a self, _: &'a PutAsk) -> Answer<'a, Upload> {
        unused()
    }

    fn put_part<'a>(&'a self, _: &'a Upload, _: &'a PartAsk, _: Payload) -> Answer<'a, Part> {
        unused()
    }

    fn copy_part<'a>(&'a self, _: &'a Upload, _: u32, _: &'a CopyAsk, _: ByteRange) -> Answer<'a, Part> {
        unused()
    }

    fn parts<'a>(&'a self, _: &'a Upload, _: u32) -> Answer<'a, Vec<Part>> {
        unused()
    }

    fn complete<'a>(&'a self, _: &'a Upload, _: &'a PutAsk, _: &'a [Part]) -> Answer<'a, Stored> {
        unused()
    }

    fn abort<'a>(&'a self, _: &'a Upload) -> Answer<'a, ()> {
        unused()
    }

    fn uploads<'a>(&'a self, _: &'a UploadsAsk) -> Answer<'a, UploadsPage> {
        unused()
    }
}
