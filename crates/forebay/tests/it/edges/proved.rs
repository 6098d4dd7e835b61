//! One list of URLs on a real cache, with proof that does not come from the program; and caches that lie.

use std::{fmt::Write, fs, net::SocketAddr, process::Command, time::Duration};

use forebay_testkit::{
    edges::{
        HOST,
        ats::{Ats, Setup},
    },
    fake::Verb,
    fake_edge::{FakeEdge, Flavour, Habit},
    fake_origin::{FakeOrigin, Page},
    notice,
    pattern::Pattern,
    process::Server,
    raw::{RawConn, RawResponse},
    response::Asked,
};

use super::asked::{Said, Site, json, program, url};

/// Before any purge of a test.
const LONG_AGO: Duration = Duration::from_secs(100);

const OBJECTS: u64 = 40;
const BYTES: u64 = 100_000;

/// Traffic Server in front of an origin that counts.
struct Real {
    origin: FakeOrigin,
    ats: Server,
    dir: tempfile::TempDir,
}

impl Real {
    fn start() -> Option<Self> {
        if !Ats::is_installed() {
            notice::skipped("no Traffic Server on this machine");
            return None;
        }
        let origin = FakeOrigin::start().unwrap();
        for n in 0..OBJECTS {
            let page = Page::pattern(Pattern::new(n), BYTES).field("cache-control", "max-age=3600");
            origin.put(&format!("/{n}"), page);
        }
        let dir = tempfile::tempdir().unwrap();
        let ats = Ats::configure(&dir.path().join("ats"), origin.addr(), Setup::default()).unwrap();
        let mut list = String::new();
        for n in 0..OBJECTS {
            writeln!(list, "{}", url(&format!("/{n}"))).unwrap();
        }
        fs::write(dir.path().join("urls.txt"), list).unwrap();
        Some(Self { ats: ats.start().unwrap(), origin, dir })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = program(words);
        command.args(["--edge", &format!("http://{}", self.ats.addr), "--from", "urls.txt"]);
        command.current_dir(self.dir.path());
        command
    }

    /// All of the list, and everything went well.
    fn all(&self, action: &str, outcome: &str) -> Said {
        let said = json(self.command(&[action]));
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.words(), [(outcome.to_owned(), OBJECTS)].into(), "{said:?}");
        said
    }

    /// The requests that came to the origin since the last look.
    fn heard(&self) -> u64 {
        let heard = self.origin.seen().iter().filter(|seen| seen.target.verb == Verb::Get).count();
        assert_eq!(heard, self.origin.seen().len(), "nothing but GETs reaches the origin");
        self.origin.forget();
        heard as u64
    }

    /// Of how many objects the cache says by itself that it has them.
    fn held(&self) -> usize {
        let status =
            |n: &u64| get(self.ats.addr, &format!("/{n}"), "Cache-Control: only-if-cached").head.status;
        (0..OBJECTS).filter(|n| status(n) == 200).count()
    }
}

/// What the cache answers to a GET with this field.
fn get(addr: SocketAddr, path: &str, field: &str) -> RawResponse {
    let mut conn = RawConn::connect(addr).unwrap();
    conn.send(
        format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{field}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .unwrap();
    conn.response(Asked::Other).unwrap()
}

#[test]
fn a_list_is_warmed_purged_and_refreshed_on_traffic_server_with_proof() {
    let Some(real) = Real::start() else { return };
    assert_eq!(real.held(), 0);

    let warmed = real.all("warm", "warmed");
    assert_eq!((real.heard(), real.held()), (OBJECTS, 40), "each was fetched once, and is there");
    assert_eq!(warmed.summary["bytes"], OBJECTS * BYTES);
    assert!(warmed.rows.iter().all(|row| row["before"] == "miss" && row["after"] == "hit"), "{warmed:?}");

    real.all("warm", "present");
    assert_eq!(real.heard(), 0, "what is there is not fetched");

    let refreshed = real.all("refresh", "refreshed");
    assert_eq!((real.heard(), real.held()), (OBJECTS, 40));
    assert!(
        refreshed.rows.iter().all(|row| row["before"] == "hit" && row["after"] == "hit"),
        "{refreshed:?}"
    );

    let purged = real.all("purge", "removed");
    assert_eq!((real.heard(), real.held()), (0, 0), "it is gone, and the origin does not know");
    assert!(purged.rows.iter().all(|row| row["after"] == "miss"), "{purged:?}");

    real.all("purge", "absent");
    assert_eq!(real.heard(), 0);
}

#[test]
fn a_new_version_is_what_a_refresh_leaves_behind() {
    let Some(real) = Real::start() else { return };
    real.all("warm", "warmed");
    let new = Page::pattern(Pattern::new(1000), BYTES).field("cache-control", "max-age=3600");
    real.origin.put("/7", new);
    real.all("refresh", "refreshed");
    let got = get(real.ats.addr, "/7", "Accept: */*");
    assert_eq!(Pattern::new(1000).check(0, &got.body), Ok(()));
}

#[test]
fn an_edge_that_says_removed_and_keeps_is_found_out() {
    let site = Site::new();
    site.edge.behave(Habit::KeepsForEver);
    site.edge.fill("/kept", LONG_AGO);
    let (class, _) = site.failure(&["refresh", &url("/kept")]);
    assert_eq!(class, "still-there");
    assert_eq!(site.edge.asked("/kept").get, 0, "nothing is fetched after that");
    let (class, _) = site.failure(&["purge", "--proof", "always", &url("/kept")]);
    assert_eq!(class, "still-there");
    // Whoever asks for no proof is told what the edge says.
    let said = site.json(&["purge", "--proof", "never", &url("/kept")]);
    assert_eq!((said.code, said.rows[0]["outcome"].as_str()), (0, Some("removed")));
}

#[test]
fn an_edge_that_cannot_be_asked_silently_is_found_out_by_the_age_of_its_answer() {
    let site = Site::of(FakeEdge::start(Flavour::XCache).unwrap());
    site.edge.behave(Habit::KeepsForEver);
    site.edge.fill("/kept", LONG_AGO);
    let edge = format!("http://{} kind=generic", site.edge.addr());
    let said = json(program(&["refresh", "--edge", &edge, &url("/kept")]));
    assert_eq!((said.code, said.rows[0]["class"].as_str()), (1, Some("still-there")), "{said:?}");
}

#[test]
fn an_edge_that_stores_nothing_is_found_out() {
    for habit in [Habit::KeepsNothing, Habit::Forgets] {
        let site = Site::new();
        site.edge.behave_with("/lost", habit);
        let said = site.json(&["warm", &url("/lost"), &url("/kept")]);
        assert_eq!(said.code, 3, "{said:?}");
        let ends: Vec<String> = said.ends().into_values().collect();
        assert_eq!(ends, ["warmed", "not-stored"], "{habit:?}");
        assert_eq!(said.summary["failures"]["not-stored"], 1);
        let never = site.json(&["warm", "--proof", "never", &url("/lost")]);
        assert_eq!((never.code, never.rows[0]["outcome"].as_str()), (0, Some("warmed")));
    }
}

#[test]
fn a_purge_that_would_reach_the_origin_is_refused_with_the_reason() {
    let site = Site::new();
    let nginx = format!("http://{} kind=nginx", site.edge.addr());
    let said = json(program(&["purge", "--edge", &nginx, &url("/a")]));
    assert_eq!((said.code, said.rows[0]["class"].as_str()), (1, Some("unsupported")));
    assert!(said.rows[0]["message"].as_str().unwrap().contains("nginx-purge"), "{said:?}");
    // Nobody knows what this is, so nobody knows what it does with a purge; warming does no harm.
    let unknown = Site::of(FakeEdge::start(Flavour::XCache).unwrap());
    let edge = format!("http://{}", unknown.edge.addr());
    let said = json(program(&["refresh", "--edge", &edge, &url("/a")]));
    assert_eq!((said.code, said.rows[0]["class"].as_str()), (1, Some("unsupported")), "{said:?}");
    assert_eq!(unknown.edge.asked("/a").purge + site.edge.asked("/a").purge, 0);
    assert_eq!(json(program(&["warm", "--edge", &edge, &url("/a")])).code, 0);
}
