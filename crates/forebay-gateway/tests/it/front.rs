//! A gateway in front of a fake origin.

use std::sync::Arc;
use std::time::Duration;

use forebay_gateway::GatewayOptions;
use forebay_net::client::{Client, ClientOptions};
use forebay_net::retry::Peer;
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{Facts, KeyEntry, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote, Tenacity};
use forebay_store::{Answer, ByteRange, RemoteStore, RemoteStoreOptions};
use forebay_testkit::fake::Verb;
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::raw::RawResponse;
use forebay_testkit::response::End;

use crate::site::{Layers, Site, ledger};

pub(crate) const PATTERN: Pattern = Pattern::new(21);
pub(crate) const LEN: u64 = 3 << 20;

/// The gateway and its origin.
pub(crate) struct Front {
    pub(crate) origin: FakeOrigin,
    pub(crate) client: Client,
    pub(crate) site: Site,
}

/// An origin that can be listed: these keys, flat.
#[derive(Debug)]
struct Listed(Origin, &'static [(&'static str, u64)]);

impl Remote for Listed {
    fn place(&self) -> &str {
        self.0.place()
    }

    fn peer(&self) -> &Peer {
        self.0.peer()
    }

    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts> {
        self.0.head(key, pin)
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        self.0.read(key, range, pin)
    }

    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage> {
        let entry = |(name, len): &(&str, u64)| KeyEntry::Object {
            key: ObjectKey::new(*name).unwrap(),
            len: *len,
            modified: None,
            validator: None,
            storage_class: None,
        };
        let inside = self.1.iter().filter(|(name, _)| name.starts_with(&*ask.prefix));
        Answer::now(Ok(KeysPage { entries: inside.map(entry).collect(), next: None }))
    }
}

impl Front {
    pub(crate) fn new() -> Self {
        Self::with(Layers::None, &[])
    }

    pub(crate) fn with(layers: Layers, listed: &'static [(&'static str, u64)]) -> Self {
        Self::at("/", layers, listed)
    }

    pub(crate) fn below(base: &str) -> Self {
        Self::at(base, Layers::None, &[])
    }

    fn at(base: &str, layers: Layers, listed: &'static [(&'static str, u64)]) -> Self {
        let origin = FakeOrigin::start().unwrap();
        let options = ClientOptions { stall_timeout: Duration::from_millis(300), ..ClientOptions::default() };
        let base = origin.url(base).parse().unwrap();
        let client = Client::new(options);
        let remote = Origin::new(base, client.clone(), OriginOptions::default()).unwrap();
        let remote: Arc<dyn Remote> =
            if listed.is_empty() { Arc::new(remote) } else { Arc::new(Listed(remote, listed)) };
        let tenacity = Tenacity { tries_max: 5, wait_min: Duration::from_millis(1), ..Tenacity::default() };
        let options = RemoteStoreOptions {
            prefix: "".into(),
            ledger: ledger(),
            patience: Duration::from_secs(1),
            tenacity,
        };
        let site =
            Site::remote(Arc::new(RemoteStore::new(remote, options)), GatewayOptions::default(), layers);
        Self { origin, client, site }
    }

    pub(crate) fn put(&self, path: &str, len: u64) -> &Self {
        self.origin.put(path, Page::pattern(PATTERN, len));
        self
    }

    pub(crate) fn requests(&self, verb: Verb) -> usize {
        self.origin.seen().iter().filter(|seen| seen.target.verb == verb).count()
    }
}

/// All of what was promised came, and each byte of it is right.
#[track_caller]
pub(crate) fn is_whole(answer: &RawResponse, status: u16, start: u64, len: u64) {
    assert_eq!((answer.head.status, answer.end), (status, End::Complete), "{:?}", answer.head);
    assert_eq!(answer.head.content_length(), Some(len));
    assert_eq!(answer.body.len() as u64, len);
    PATTERN.check(start, &answer.body).unwrap();
}
