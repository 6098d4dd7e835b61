//! Who the client is: headers of foreign bytes invent nobody and a stranger is not believed, and chains made by the grammar end where
//! the trust does.
#![no_main]

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use forebay_tower::client_ip::{Client, ClientAddr, ClientIpLayer, Trust};
use http::header::{FORWARDED, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use libfuzzer_sys::fuzz_target;
use tower::{Layer as _, Service as _};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// One of few addresses; the even ones are trusted.
fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(10 + n % 2, 0, 0, n % 8).into()
}

fn trusted(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10)
}

/// What the layer says of a request from this peer.
fn client(peer: IpAddr, headers: HeaderMap) -> IpAddr {
    let trust: Trust = ["10.0.0.0/8".parse()].into_iter().flatten().collect();
    let mut found = None;
    let inner = tower::service_fn(|request: Request<()>| {
        found = request.extensions().get::<Client>().map(|client| client.0);
        std::future::ready(Ok::<(), Infallible>(()))
    });
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    request.extensions_mut().insert(ClientAddr(SocketAddr::new(peer, 1)));
    let answered = ClientIpLayer::new(trust).layer(inner).call(request);
    drop(answered);
    found.unwrap_or(IpAddr::V4(Ipv4Addr::BROADCAST))
}

/// Every address that somebody could read in these bytes.
fn named(headers: &HeaderMap, wanted: IpAddr) -> bool {
    headers.values().any(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let is_part = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
        let words = text.split(|c| !is_part(c)).map(str::to_owned).collect::<Vec<_>>();
        words.iter().any(|word| {
            let bare = word.parse().ok().or_else(|| Some(word.parse::<SocketAddr>().ok()?.ip()));
            bare.map(|ip: IpAddr| ip.to_canonical()) == Some(wanted)
        })
    })
}

fuzz_target!(|input: (Vec<(bool, Vec<u8>)>, Vec<Vec<u8>>, u8, bool)| {
    let (foreign, chain, peer, by_forwarded) = input;
    let peer = address(peer);

    let mut headers = HeaderMap::new();
    for (which, value) in foreign.iter().take(8) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(if *which { FORWARDED } else { X_FORWARDED_FOR }, value);
        }
    }
    let found = client(peer, headers.clone());
    assert!(found == peer || (trusted(peer) && named(&headers, found)), "{found} for {peer} by {headers:?}");

    // Lines of several elements each, as proxies add to them.
    let mut headers = HeaderMap::new();
    let name = if by_forwarded { FORWARDED } else { X_FORWARDED_FOR };
    for line in chain.iter().filter(|line| !line.is_empty()) {
        let written = |n: &u8| match (by_forwarded, n % 3) {
            (true, 0) => format!("for={};proto=https", address(*n)),
            (true, 1) => format!("host=\"a,b\"; For=\"{}:8080\"", address(*n)),
            (true, _) => format!("for=\"{}\"", address(*n)),
            (false, 0) => format!("{}:99", address(*n)),
            (false, _) => address(*n).to_string(),
        };
        let text =
            line.iter().map(written).collect::<Vec<_>>().join(if line.len() % 2 == 0 { "," } else { ", " });
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(name.clone(), value);
        }
    }
    let from_the_right = chain.iter().flatten().rev().map(|n| address(*n));
    let mut expected = peer;
    for claimed in from_the_right {
        if !trusted(expected) {
            break;
        }
        expected = claimed;
    }
    assert_eq!(client(peer, headers.clone()), expected, "{peer} by {headers:?}");
});
