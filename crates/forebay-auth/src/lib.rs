//! Who may do what where.
//!
//! Everything here is decided from what is given: a request, the text of a file, the time. Nothing is opened, asked or waited for, so that
//! an answer can be tried by a table and is the same in front of files, of the admin listener and of an agent. Whether an object exists is
//! never part of a decision.
//!
//! - [`Right`], [`Rule`], [`Policy`]: the law; [`Place`]: where, in the store's own form;
//! - [`Identity`]: who, and how that was proved: by [`Tokens`], [`Passwords`], a [`Jwt`], [`Certificates`], or a URL that one of the
//!   [`UrlKeys`] signed;
//! - [`Attempts`]: limits on guessing;
//! - [`Doors`]: all of it, from a request to a [`Caller`] or a [`Refusal`].
//!
//! ```
//! use std::{sync::Arc, time::SystemTime};
//!
//! use forebay_auth::{Ask, Attempts, Doors, Name, Place, Policy, Proofs, Right, Step, Token, Tokens};
//! use http::{HeaderMap, Method, header::AUTHORIZATION};
//!
//! let token = Token::draw();
//! let file = token.line(&Name::new("ci")?, &[], None);
//! let proofs = Proofs { tokens: Some(Tokens::parse(&file)?), ..Proofs::default() };
//! let policy = Policy::parse("/ anyone read,list\n/in/ ci write\n")?;
//! let doors = Doors::new(policy, proofs, Arc::new(Attempts::new(Default::default())));
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(AUTHORIZATION, format!("Bearer {}", token.expose()).parse()?);
//! let place = Place::new(b"in/report.pdf")?;
//! let ask = Ask {
//!     method: &Method::PUT,
//!     place,
//!     query: None,
//!     headers: &headers,
//!     client: None,
//!     certificate: None,
//!     now: SystemTime::now(),
//! };
//! let Step::Caller(caller) = doors.identify(&ask)? else { unreachable!("a token is verified at once") };
//! doors.may(&caller, Right::Create, place)?;
//! let refusal = doors.may(&caller, Right::Delete, place).unwrap_err();
//! assert_eq!(refusal.status(), 403);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempts;
mod certificate;
mod doors;
mod identity;
mod jwt;
mod lines;
mod name;
mod password;
mod place;
mod policy;
mod right;
mod rule;
mod secret;
mod signed;
mod token;

pub use attempts::{AttemptOptions, Attempts, Lockout};
pub use certificate::{CertificateLineError, Certificates};
pub use doors::{Ask, Caller, Doors, Existing, Pending, Proofs, Refusal, Step};
pub use identity::{Identity, Proof};
pub use jwt::{Claims, FETCH_EVERY_DEFAULT, Jwt, KeySet, KeySetError, Where};
pub use lines::AtLine;
pub use name::{Group, Name, NameError};
pub use password::{PasswordLineError, Passwords};
pub use place::{Place, PlaceError, parse_path};
pub use policy::Policy;
pub use right::{Right, Rights, UnknownRight};
pub use rule::{Rule, RuleError};
pub use signed::{Methods, Narrowed, Terms, UnknownMethod, UrlKey, UrlKeyLineError, UrlKeys, UrlSecret};
pub use token::{TOKEN_PREFIX, Token, TokenLineError, Tokens};
