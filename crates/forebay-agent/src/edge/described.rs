//! An edge as one line of text describes it: its address, and what differs from the usual.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use forebay_net::client::TargetForm;
use http::HeaderValue;

use super::name::EdgeName;
use super::spec::{EdgeSpec, TlsName};
use crate::governor::EdgeLimits;

/// An edge, the limits of what it is asked, and behind whom it stands.
#[derive(Clone, Debug)]
pub struct Described {
    /// Who it is.
    pub spec: EdgeSpec,
    /// What may be asked of it.
    pub limits: EdgeLimits,
    /// The edges that it fetches from.
    pub parents: Vec<EdgeName>,
}

/// What holds for edges of which nothing else is said.
#[derive(Clone, Debug)]
pub struct Usual {
    /// How they are asked.
    pub form: TargetForm,
    /// What may be asked of each.
    pub limits: EdgeLimits,
}

/// What is wrong with the description of an edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// Its address.
    #[error(transparent)]
    Address(#[from] super::EdgeSpecError),
    /// A word that is not of the form `key=value`.
    #[error("{0:?} says nothing about an edge: write for example bulk=8")]
    Word(String),
    /// A key that is none.
    #[error(
        "{0:?} is nothing that an edge has: it has name, kind, form, host, tls-name, control, bulk, requests, bandwidth, in-flight, window and parent"
    )]
    Key(String),
    /// A value that its key cannot have.
    #[error("{key}={value}: {why}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two edges have one name.
    #[error("two edges are called {0}: give one of them another name=")]
    Twice(EdgeName),
    /// A parent is no edge.
    #[error("{child} has {parent} for a parent, which is no edge here")]
    NoParent {
        /// The edge.
        child: EdgeName,
        /// Its parent.
        parent: EdgeName,
    },
    /// An edge stands behind itself.
    #[error("{0} stands behind itself")]
    Circle(EdgeName),
}

impl Described {
    /// Reads `URL [KEY=VALUE …]`. What is not said is usual; `dress` puts the usual into the specification before the words are read.
    ///
    /// # Errors
    ///
    /// [`DescriptionError`]
    pub fn parse(
        text: &str,
        usual: &Usual,
        dress: impl FnOnce(&mut EdgeSpec),
    ) -> Result<Self, DescriptionError> {
        let mut words = text.split_whitespace();
        let address = words.next().unwrap_or_default();
        let words: Vec<(&str, &str)> = words
            .map(|word| word.split_once('=').ok_or_else(|| DescriptionError::Word(word.to_owned())))
            .collect::<Result<_, _>>()?;
        let form = match words.iter().rfind(|(key, _)| *key == "form") {
            None => usual.form,
            Some((_, "reverse")) => TargetForm::Origin,
            Some((_, "forward")) => TargetForm::Absolute,
            Some((key, value)) => return Err(wrong(key, value, "say reverse or forward")),
        };
        let mut spec = EdgeSpec::parse(address, form)?;
        dress(&mut spec);
        let mut described = Self { spec, limits: usual.limits.clone(), parents: Vec::new() };
        let mut has_windows = false;
        for (key, value) in words {
            if key == "window" && !std::mem::replace(&mut has_windows, true) {
                described.limits.windows.clear();
            }
            described.say(key, value)?;
        }
        Ok(described)
    }

    fn say(&mut self, key: &str, value: &str) -> Result<(), DescriptionError> {
        let Self { spec, limits, parents } = self;
        match key {
            "form" => {}
            "name" => spec.name = read(key, value)?,
            "kind" if value == "auto" => spec.kind = None,
            "kind" => spec.kind = Some(read(key, value)?),
            "host" => {
                let host = HeaderValue::from_str(value).map_err(|error| wrong(key, value, error))?;
                std::sync::Arc::make_mut(&mut spec.overrides).host = Some(host);
            }
            "tls-name" => spec.tls_name = TlsName::of(value),
            "control" => limits.control = count(key, value)?,
            "bulk" => limits.bulk = count(key, value)?,
            "requests" => limits.requests_per_second = Some(read(key, value)?),
            "bandwidth" => limits.bandwidth = Some(read(key, value)?),
            "in-flight" => limits.bytes_in_flight = Some(read(key, value)?),
            "window" => limits.windows.push(read(key, value)?),
            "parent" => parents.push(read(key, value)?),
            _ => return Err(DescriptionError::Key(key.to_owned())),
        }
        Ok(())
    }
}

/// In which tier each edge is: those without parents in the first, every other behind all of its parents.
///
/// # Errors
///
/// [`DescriptionError`]: a name that two have, a parent that nobody is, or a circle.
pub fn tiers(edges: &[Described]) -> Result<Vec<u32>, DescriptionError> {
    let mut places = HashMap::with_capacity(edges.len());
    for (place, edge) in edges.iter().enumerate() {
        if places.insert(&edge.spec.name, place).is_some() {
            return Err(DescriptionError::Twice(edge.spec.name.clone()));
        }
    }
    let mut tiers = vec![0_u32; edges.len()];
    // As many rounds as the longest chain has links; one more changes nothing unless it is a circle.
    for round in 0..=edges.len() {
        let mut changed = None;
        for (at, edge) in edges.iter().enumerate() {
            for parent in &edge.parents {
                let missing =
                    || DescriptionError::NoParent { child: edge.spec.name.clone(), parent: parent.clone() };
                let behind =
                    tiers.get(*places.get(parent).ok_or_else(missing)?).copied().unwrap_or_default() + 1;
                if let Some(tier) = tiers.get_mut(at).filter(|tier| **tier < behind) {
                    *tier = behind;
                    changed = Some(&edge.spec.name);
                }
            }
        }
        match changed {
            None => break,
            Some(name) if round == edges.len() => return Err(DescriptionError::Circle(name.clone())),
            Some(_) => {}
        }
    }
    Ok(tiers)
}

fn read<T: FromStr<Err: fmt::Display>>(key: &str, value: &str) -> Result<T, DescriptionError> {
    value.parse().map_err(|error| wrong(key, value, error))
}

fn count(key: &str, value: &str) -> Result<u32, DescriptionError> {
    read::<std::num::NonZeroU32>(key, value).map(std::num::NonZeroU32::get)
}

fn wrong(key: &str, value: &str, why: impl fmt::Display) -> DescriptionError {
    DescriptionError::Value { key: key.to_owned(), value: value.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::EdgeKind;

    fn parse(text: &str) -> Result<Described, DescriptionError> {
        let usual = Usual { form: TargetForm::Origin, limits: EdgeLimits::default() };
        Described::parse(text, &usual, |_| ())
    }

    #[test]
    fn what_is_said_holds_and_the_rest_is_usual() {
        let edge = parse("http://10.0.0.1:8080 name=fra1 kind=ats bulk=8 bandwidth=1Gbit/s window=02:00-06:00 window=13:00-14:00 parent=mid1").unwrap();
        assert_eq!((edge.spec.name.as_str(), edge.spec.kind), ("fra1", Some(EdgeKind::Ats)));
        assert_eq!((edge.limits.bulk, edge.limits.control, edge.limits.windows.len()), (8, 32, 2));
        assert_eq!(edge.parents.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert!(error("").contains("http://HOST:PORT"));
        assert!(error("http://a bulk").contains("bulk=8"));
        assert!(error("http://a colour=red").contains("colour"));
        assert!(error("http://a bulk=0").starts_with("bulk=0: "));
        assert!(error("http://a kind=ngin").contains("nginx-purge"));
        assert!(error("http://a window=2-6").contains("02:00-06:00"));
        assert!(error("http://a form=sideways").contains("reverse or forward"));
    }

    #[test]
    fn a_child_is_behind_all_of_its_parents() {
        let of = |texts: &[&str]| tiers(&texts.iter().map(|text| parse(text).unwrap()).collect::<Vec<_>>());
        let chain = [
            "http://c name=c parent=b parent=a",
            "http://b name=b parent=a",
            "http://a name=a",
            "http://d name=d",
        ];
        assert_eq!(of(&chain), Ok(vec![2, 1, 0, 0]));
        assert!(matches!(
            of(&["http://a name=a parent=b", "http://b name=b parent=a"]),
            Err(DescriptionError::Circle(_))
        ));
        assert!(matches!(of(&["http://a name=a parent=x"]), Err(DescriptionError::NoParent { .. })));
        assert!(matches!(of(&["http://a", "http://a"]), Err(DescriptionError::Twice(_))));
    }
}
