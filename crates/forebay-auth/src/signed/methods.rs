//! The methods that a link may be used with.

use std::fmt;
use std::str::FromStr;

use http::Method;

/// Methods that a link can be signed for. Not MOVE, which names two places.
const KNOWN: [Method; 6] =
    [Method::DELETE, Method::GET, Method::HEAD, Method::PATCH, Method::POST, Method::PUT];

/// A set of methods. With GET goes HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods(u8);

/// A method that no link can be signed for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of the methods that a link can be for: DELETE, GET, HEAD, PATCH, POST, PUT")]
pub struct UnknownMethod(String);

impl Methods {
    /// GET, and so HEAD.
    pub const GET: Self = Self(1 << 1);

    /// Whether a request by this method is meant.
    #[must_use]
    pub fn allow(self, method: &Method) -> bool {
        self.has(method) || (*method == Method::HEAD && self.has(&Method::GET))
    }

    fn has(self, method: &Method) -> bool {
        KNOWN.iter().position(|known| known == method).is_some_and(|at| self.0 & (1 << at) != 0)
    }
}

/// Names with commas between them.
impl FromStr for Methods {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        text.split(',').try_fold(Self(0), |all, name| {
            let at = KNOWN.iter().position(|known| known.as_str() == name);
            Ok(Self(all.0 | 1 << at.ok_or_else(|| UnknownMethod(name.to_owned()))?))
        })
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = KNOWN.iter().filter(|known| self.has(known)).map(Method::as_str);
        names.enumerate().try_for_each(|(at, name)| write!(f, "{}{name}", if at == 0 { "" } else { "," }))
    }
}
