//! Weighted lists: `Accept` and `Accept-Encoding` share their grammar (RFC 9110 §12.4.2).

/// A quality value in thousandths: 0 is "not acceptable", 1000 is the default.
pub(crate) type Quality = u16;

/// Elements of a weighted list with their quality: `gzip;q=0.8, br` is `(gzip, 800)`, `(br, 1000)`.
///
/// Parameters other than `q` are dropped. An element whose weight cannot be read counts as 0: not
/// understood is not wanted.
pub(crate) fn weighted(field: &[u8]) -> impl Iterator<Item = (&[u8], Quality)> {
    field.split(|&b| b == b',').filter_map(|element| {
        let mut parts = element.split(|&b| b == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let weight = parts.find_map(|parameter| {
            let (key, value) = parameter.split_at_checked(2)?;
            key.eq_ignore_ascii_case(b"q=").then(|| quality(value))
        });
        Some((name, weight.unwrap_or(1000)))
    })
}

/// `qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`
fn quality(value: &[u8]) -> Quality {
    let (whole, fraction) = match value {
        [b'0'] | [b'0', b'.'] => return 0,
        [b'1'] | [b'1', b'.'] => return 1000,
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return 0,
    };
    let mut thousandths = 0;
    for place in 0..3 {
        let digit = match fraction.get(place) {
            Some(digit) if digit.is_ascii_digit() => digit - b'0',
            Some(_) => return 0,
            None => 0,
        };
        thousandths = thousandths * 10 + Quality::from(digit);
    }
    match whole {
        b'0' => thousandths,
        _ if thousandths == 0 => 1000,
        _ => 0,
    }
}
