//! Who is believed, and how far.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

fn trust(networks: &[&str]) -> Trust {
    networks.iter().map(|network| network.parse::<Network>().unwrap()).collect()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
    let trust = trust(&["10.0.0.0/8", "fd00::/8", "::1"]);
    forwarded::client(peer.parse().unwrap(), &headers(lines), &trust).to_string()
}

#[test]
fn a_stranger_may_claim_what_he_likes() {
    assert_eq!(client("192.0.2.1", &[("x-forwarded-for", "1.1.1.1")]), "192.0.2.1");
    assert_eq!(client("192.0.2.1", &[("forwarded", "for=1.1.1.1")]), "192.0.2.1");
}

#[test]
fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
    assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.9")]), "192.0.2.7");
    assert_eq!(client("10.0.0.1", &[("forwarded", "for=6.6.6.6, for=192.0.2.7;proto=https")]), "192.0.2.7");
    assert_eq!(
        client("10.0.0.1", &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7")]),
        "192.0.2.7"
    );
    assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")]), "10.0.0.3");
}

#[test]
fn ports_brackets_quotes_and_mapped_addresses_are_read() {
    assert_eq!(client("::1", &[("forwarded", r#"By=x;For="[2001:db8::17]:4711""#)]), "2001:db8::17");
    assert_eq!(client("::1", &[("forwarded", r#"for="192.0.2.4:99";host="a,b""#)]), "192.0.2.4");
    assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.4:1234")]), "192.0.2.4");
    assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "[2001:db8::1]")]), "2001:db8::1");
}

#[test]
fn what_names_nobody_ends_the_walk() {
    assert_eq!(client("10.0.0.1", &[("forwarded", "for=1.2.3.4, for=unknown")]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &[("forwarded", "for=1.2.3.4, for=_hidden, for=10.0.0.2")]), "10.0.0.2");
    assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "1.2.3.4,,")]), "10.0.0.1");
}

#[test]
fn two_headers_that_disagree_are_both_disbelieved() {
    let lines = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2")];
    assert_eq!(client("10.0.0.1", &lines), "10.0.0.1");
    let lines = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1")];
    assert_eq!(client("10.0.0.1", &lines), "1.1.1.1");
}

#[test]
fn networks_are_read_strictly() {
    for wrong in ["10.0.0.0/33", "10.0.0/8", "fd00::/129", "", "/8", "10.0.0.0/-1", "host"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
    let all = trust(&["0.0.0.0/0"]);
    assert!(all.contains("203.0.113.9".parse().unwrap()));
    assert!(!all.contains("2001:db8::1".parse().unwrap()));
}

#[test]
fn one_ipv6_host_is_one_client() {
    let key = |text: &str| ClientKey::from(text.parse::<IpAddr>().unwrap());
    assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
    assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

proptest! {
    /// Whatever is written into the headers, a stranger's claim never moves the client, and a trusted
    /// proxy's leads to an address that is written there or to the proxy itself.
    #[test]
    fn claims_never_panic_nor_invent(text in "[ -~]{0,120}", peer: u32) {
        let stranger = IpAddr::from(std::net::Ipv4Addr::from(peer | 0x8000_0000));
        let lines = [("x-forwarded-for", text.as_str()), ("forwarded", text.as_str())];
        prop_assert_eq!(client(&stranger.to_string(), &lines), stranger.to_string());
        let _ = client("10.0.0.1", &lines);
    }

    /// The rightmost stranger of a well-formed chain wins, wherever the lines are split.
    #[test]
    fn the_rightmost_stranger_wins(
        forged in proptest::collection::vec(any::<[u8; 4]>(), 0..4),
        proxies in proptest::collection::vec(any::<[u8; 3]>(), 0..4),
        split: bool,
    ) {
        let mut chain: Vec<String> = forged.iter().map(|a| std::net::Ipv4Addr::from(*a).to_string()).collect();
        chain.push("192.0.2.77".to_owned());
        chain.extend(proxies.iter().map(|[a, b, c]| format!("10.{a}.{b}.{c}")));
        let joined = chain.join(if split { "," } else { " , " });
        prop_assert_eq!(client("10.1.1.1", &[("x-forwarded-for", joined.as_str())]), "192.0.2.77");
        let elements: Vec<String> = chain.iter().map(|a| format!("for={a}")).collect();
        prop_assert_eq!(client("10.1.1.1", &[("forwarded", elements.join(",").as_str())]), "192.0.2.77");
    }
}
