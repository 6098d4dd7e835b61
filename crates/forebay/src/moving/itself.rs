//! What would be copied onto itself, or into what is being listed.
//!
//! A copy of an object onto itself is at best of no use, and a `mv` would delete the only one there is. So source and target are compared
//! before anything is begun, as servers are named: by host and port, with AWS as one. Two names of one server that nothing tells to be
//! one are not found out; then `mv` still compares what is there with what it copied before it deletes, and the date tells the two apart.

use forebay_s3::S3Account;
use forebay_transfer::listing::Pattern;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    aim::{Aim, aim},
    errand::From,
    find::What,
    one::Mover,
    usage,
};
use crate::{
    args::{Surplus, Verb},
    output::Failure,
    place::{Place, S3Place},
};

/// A server that speaks S3, as far as names tell servers apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Aws,
    At { host: String, port: Option<u16> },
}

impl Server {
    pub(super) fn of(account: &S3Account) -> Self {
        let url = account.endpoint_url().and_then(|url| Url::parse(url).ok());
        url.as_ref().map_or(Self::Aws, Self::at)
    }

    fn at(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if host == "amazonaws.com" || host.ends_with(".amazonaws.com") {
            return Self::Aws;
        }
        let host = match host.as_str() {
            "localhost" | "127.0.0.1" | "[::1]" => "localhost".to_owned(),
            _ => host,
        };
        Self::At { host, port: url.port_or_known_default() }
    }

    /// Whether a web address leads to this object of it.
    fn shows(&self, url: &Url, place: &S3Place) -> bool {
        let path: Vec<u8> = percent_decode_str(url.path().trim_start_matches('/')).collect();
        let in_path = path == format!("{}/{}", place.bucket, place.key).as_bytes() && Self::at(url) == *self;
        let behind = url.host_str().and_then(|host| host.strip_prefix(&format!("{}.", place.bucket)));
        let in_host = behind.is_some_and(|host| {
            let mut beside = url.clone();
            beside.set_host(Some(host)).is_ok() && Self::at(&beside) == *self
        });
        in_path || (in_host && path == place.key.as_bytes())
    }
}

impl Mover {
    /// Whether source and target are on one server.
    fn is_one_server(&self) -> bool {
        match (&self.source, &self.target) {
            (Some(source), Some(target)) => Server::of(source) == Server::of(target.account()),
            _ => false,
        }
    }

    /// Whether an object is the one that it goes to. A copy that changes what is stored beside it is meant.
    pub(super) fn is_itself(&self, what: &What, aim: &Aim) -> bool {
        let changes = self.errand.attributes_given && self.errand.verb == Verb::Copy;
        let Aim::Object(place, key) = aim else { return false };
        match what {
            What::Bucket(bucket, from) => {
                bucket.name() == &place.bucket && from == key && self.is_one_server() && !changes
            }
            What::Web(_, _, url) => {
                self.target.as_ref().is_some_and(|target| Server::of(target.account()).shows(url, place))
            }
            What::File(_) | What::Stdin => false,
        }
    }

    /// Refuses what is seen to make no sense before anything is begun.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let target = match self.errand.to.place() {
            Place::S3(target) => target,
            Place::Web(_) | Place::Local(_) | Place::Stream => return Ok(()),
        };
        match &self.errand.from {
            From::One(place) => {
                let candidate = self.candidate(place)?;
                match aim(&self.errand.to, &candidate) {
                    Ok(aim) if self.is_itself(&candidate.what, &aim) => Err(onto_itself(&aim)),
                    _ => Ok(()),
                }
            }
            From::Pattern(source, pattern) => self.apart(source, pattern.directory(), Some(pattern), target),
            From::Below(Place::S3(source)) | From::Lines { base: Some(Place::S3(source)), .. } => {
                self.apart(source, &source.key, None, target)
            }
            From::Below(_) | From::Lines { .. } => Ok(()),
        }
    }

    /// Two prefixes, of which neither may be in the way of the other.
    fn apart(
        &self,
        source: &S3Place,
        from: &str,
        pattern: Option<&Pattern>,
        target: &S3Place,
    ) -> Result<(), Failure> {
        if source.bucket != target.bucket || !self.is_one_server() {
            return Ok(());
        }
        let to = target.key.as_str();
        let goes_down =
            pattern.is_none_or(Pattern::is_deep) && !matches!(self.errand.from, From::Lines { .. });
        let deletes_up = self.errand.verb == Verb::Sync && self.when.surplus == Surplus::Delete;
        if to == from && !(self.errand.attributes_given && self.errand.verb == Verb::Copy) {
            return Err(onto_itself(target));
        }
        if goes_down && to != from && to.starts_with(from) {
            return Err(usage(format_args!(
                "{target} is below what is to be copied, and would be copied into itself: name a target beside it"
            )));
        }
        if deletes_up && from.starts_with(to) {
            return Err(usage(format_args!(
                "what is to be copied is below {target}, where --delete would delete it: name a target beside it"
            )));
        }
        Ok(())
    }
}

fn onto_itself(target: &impl std::fmt::Display) -> Failure {
    usage(format_args!("{target} is source and target at once: name another target"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Server {
        Server::at(&Url::parse(text).unwrap())
    }

    #[test]
    fn a_server_is_the_same_however_it_is_spelt() {
        for (one, other) in [
            ("http://store:80/", "http://STORE"),
            ("https://store.:443", "https://store/"),
            ("http://localhost:9000", "http://127.0.0.1:9000"),
            ("http://localhost:9000", "http://[::1]:9000/"),
            ("https://s3.eu-west-1.amazonaws.com", "https://s3.amazonaws.com"),
        ] {
            assert_eq!(at(one), at(other), "{one} {other}");
        }
        assert_ne!(at("http://store:9000"), at("http://store:9001"));
        assert_ne!(at("http://amazonaws.com.example"), Server::Aws);
    }

    #[test]
    fn a_web_address_of_an_object_is_known_for_one() {
        let Place::S3(place) = Place::parse("s3://bucket/a key".as_ref()).unwrap() else { unreachable!() };
        let shows = |server: &str, url: &str| at(server).shows(&Url::parse(url).unwrap(), &place);
        assert!(shows("http://store:9000", "http://store:9000/bucket/a%20key?versionId=1"));
        assert!(shows("http://store", "http://bucket.store/a%20key"));
        assert!(shows("https://s3.amazonaws.com", "https://bucket.s3.eu-west-1.amazonaws.com/a%20key"));
        assert!(!shows("http://store", "http://store/other/a%20key"));
        assert!(!shows("http://store", "http://elsewhere/bucket/a%20key"));
    }
}
