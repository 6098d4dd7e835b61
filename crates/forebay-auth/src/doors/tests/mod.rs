//! Requests at the doors of one house, which has every proof.

mod credentials;
mod guessing;
mod law;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_budget::{ByteSize, Class, Ledger};
use http::header::{AUTHORIZATION, COOKIE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{Ask, Caller, Doors, Existing, Proofs, Refusal, Step};
use crate::attempts::{AttemptOptions, Attempts, Lockout};
use crate::identity::{Identity, Proof};
use crate::jwt::{Claims, Jwt, KeySet, Where};
use crate::name::{Group, Name};
use crate::password::Passwords;
use crate::place::Place;
use crate::policy::Policy;
use crate::right::Right;
use crate::signed::{Methods, Terms, UrlKeys, UrlSecret};
use crate::token::{Token, Tokens};

const LAW: &str = "
    / anyone read,list
    / root administer,purge
    /in/ alice,@ci read,write,move
    /in/ anyone create
    /in/kept alice read,create
    /private/ * read
    /private/keys bob read,delete
    /drop/ alice move,create
    /shared/ share read,list,create
";
// By crypt(3): wonderland.
const PASSWORDS: &str = "alice:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn place(name: &str) -> Place<'_> {
    Place::new(name.as_bytes()).unwrap()
}

fn client(n: u8) -> Option<IpAddr> {
    Some(Ipv4Addr::new(192, 0, 2, n).into())
}

/// Doors with every proof, and a token for bob that is good for a minute.
struct House {
    doors: Doors,
    bob: Token,
    keys: UrlKeys,
    jwt: Arc<Jwt>,
}

/// What a request is given beside its headers.
struct Given<'a> {
    method: &'a Method,
    place: Place<'a>,
    query: Option<&'a str>,
    client: Option<IpAddr>,
    certificate: Option<&'a Identity>,
    now: SystemTime,
}

impl House {
    fn new() -> Self {
        let bob = Token::draw();
        let secret = UrlSecret::draw().line(&name("k1"), &name("share"), &[]);
        let keys = || UrlKeys::parse(&secret, Duration::from_secs(3600)).unwrap();
        let claims =
            Claims { issuer: "i".into(), audiences: vec!["a".into()], name: Where::new("sub"), groups: None };
        let jwt = Arc::new(Jwt::new(claims, KeySet::default(), Duration::from_secs(60)));
        let tokens = bob.line(&name("bob"), &[Group::new("ci").unwrap()], Some(at(60)));
        let proofs = Proofs {
            tokens: Some(Tokens::parse(&tokens).unwrap()),
            passwords: Some(Arc::new(Passwords::parse(PASSWORDS).unwrap())),
            jwt: Some(Arc::clone(&jwt)),
            url_keys: Some(keys()),
            certificates: None,
        };
        let second = Duration::from_secs(1);
        let lockout =
            Lockout { free: 3, first: 4 * second, longest: 60 * second, forgotten_after: 600 * second };
        let options =
            AttemptOptions { client: lockout, name: Lockout { free: 6, ..lockout }, entries_max: 64 };
        let doors = Doors::new(Policy::parse(LAW).unwrap(), proofs, Arc::new(Attempts::new(options)));
        Self { doors, bob, keys: keys(), jwt }
    }

    fn ask<'a>(
        &self,
        headers: &[(HeaderName, &str)],
        change: impl FnOnce(&mut Given<'a>),
    ) -> Result<Step, Refusal> {
        let value = |value: &str| HeaderValue::from_str(value).unwrap();
        let mut all = HeaderMap::new();
        for (name, text) in headers {
            all.append(name.clone(), value(text));
        }
        let mut given = Given {
            method: &Method::GET,
            place: place("shared/a"),
            query: None,
            client: client(1),
            certificate: None,
            now: at(0),
        };
        change(&mut given);
        let Given { method, place, query, client, certificate, now } = given;
        self.doors.identify(&Ask { method, place, query, headers: &all, client, certificate, now })
    }

    fn show(&self, value: &str) -> Result<Step, Refusal> {
        self.ask(&[(AUTHORIZATION, value)], |_| ())
    }

    fn link(&self, place: Place<'_>, terms: &Terms) -> String {
        self.keys.first().unwrap().sign(place, terms)
    }
}

fn terms() -> Terms {
    Terms { methods: Methods::GET, expires: at(60), network: None, bytes_max: None, file_name: None }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn caller(step: Result<Step, Refusal>) -> Caller {
    match step.unwrap() {
        Step::Caller(caller) => caller,
        other => panic!("{other:?}"),
    }
}

/// A password that has to be verified, verified.
fn run(step: Result<Step, Refusal>, now: SystemTime) -> Result<Caller, Refusal> {
    let ledger = Ledger::new([(Class::Admin, ByteSize::mib(1))]);
    match step? {
        Step::Password(pending) => {
            let lease = ledger.try_acquire(Class::Admin, pending.bytes()).unwrap();
            let ran = pending.run(lease, now);
            assert!(ledger.idle(), "what it took is back");
            ran
        }
        other => panic!("{other:?}"),
    }
}

fn status(step: Result<Step, Refusal>) -> u16 {
    step.map_or_else(|refusal| refusal.status().as_u16(), |_| 200)
}
