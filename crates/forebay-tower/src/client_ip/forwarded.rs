//! Reading the two headers, and walking the chain of claims from its trusted end.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use super::Trust;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client as seen from `peer`, with the claims of trusted proxies followed.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trust: &Trust) -> IpAddr {
    if !trust.contains(peer) {
        return peer;
    }
    let forwarded = headers.contains_key(FORWARDED).then(|| walk(peer, headers, &FORWARDED, trust));
    let x_forwarded =
        headers.contains_key(X_FORWARDED_FOR).then(|| walk(peer, headers, &X_FORWARDED_FOR, trust));
    match (forwarded, x_forwarded) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(client), _) | (None, Some(client)) => client,
        (None, None) => peer,
    }
}

/// Follows the elements of `header` from the last to the first. Stops behind the first address that is not
/// trusted, and before the first element that names no address (`unknown`, `_hidden`, or garbage).
fn walk(peer: IpAddr, headers: &HeaderMap, header: &HeaderName, trust: &Trust) -> IpAddr {
    let mut client = peer;
    // Header maps iterate forwards only, and there are few lines: take them from the back by index.
    let lines = headers.get_all(header).iter().count();
    for index in (0..lines).rev() {
        let Some(Ok(line)) = headers.get_all(header).iter().nth(index).map(|line| line.to_str()) else {
            return client;
        };
        for element in elements_from_the_right(line) {
            let address = if *header == FORWARDED { forwarded_for(element) } else { address(element) };
            let Some(address) = address else { return client };
            client = address;
            if !trust.contains(address) {
                return client;
            }
        }
    }
    client
}

/// Splits at the commas outside of quoted strings, last element first.
fn elements_from_the_right(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let mut quoted = false;
        let comma = line.bytes().rposition(|byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        let element = match comma {
            Some(comma) => {
                rest = Some(&line[..comma]);
                &line[comma + 1..]
            }
            None => rest.take()?,
        };
        Some(element.trim())
    })
}

/// The `for` parameter of one forwarded-element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let parameter = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| address(value.trim_matches('"')))
    };
    element.split(';').find_map(parameter)?
}

/// An address with or without a port, and with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text.parse().ok().or_else(bare).or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}
