//! The query of a request, read strictly: what is not known or said twice is refused by its name, so that a slip does not pass unseen.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::problem::Problem;

/// Parameters in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the question mark (`application/x-www-form-urlencoded`). Only these names are known.
    pub(super) fn read(text: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            let text = percent_decode_str(&spaced).decode_utf8().map(String::from);
            text.map_err(|_| Problem::invalid("the query is not UTF-8"))
        };
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if known.contains(&name.as_str()) {
                Ok((name, value))
            } else {
                Err(Problem::invalid(format!(
                    "{name:?} is no parameter here; there are {}",
                    known.join(", ")
                )))
            }
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing was said.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All values of a name; a value may also list several with commas.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(known, _)| known == name);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
    }

    /// All values of a name, whatever is in them.
    pub(super) fn each(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Problem::invalid(format!("{name} is said twice"))),
            (value, _) => Ok(value),
        }
    }

    /// What the value of a name stands for, among these.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = all.iter().copied().find(|it| word(*it) == text);
        known.map(Some).ok_or_else(|| {
            let words: Vec<_> = all.iter().map(|it| word(*it)).collect();
            Problem::invalid(format!("{name}={text:?}: it has to be one of {}", words.join(", ")))
        })
    }

    /// The value of a name, if it can be one.
    pub(super) fn value<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| {
            text.parse().map_err(|_| Problem::invalid(format!("{name}={text:?}: it has to be {what}")))
        };
        self.text(name)?.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_query_is_refused_by_its_name() {
        let query =
            Query::read(Some("edge=a,b&edge=c&label=two+words%21&limit=x"), &["edge", "label", "limit"]);
        let query = query.unwrap();
        assert_eq!(query.all("edge").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(query.text("label"), Ok(Some("two words!")));
        assert!(query.value::<usize>("limit", "a number").is_err() && query.text("edge").is_err());
        assert!(Query::read(Some("lable=x"), &["label"]).is_err());
        assert!(Query::read(Some("label=%ff"), &["label"]).is_err());
    }
}
