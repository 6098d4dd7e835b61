//! `forebay link-key ID NAME`: a key that signs links.

use std::time::Duration;

use forebay_auth::{UrlKeys, UrlSecret};

use super::keyring;
use crate::{
    args::KeyAsked,
    output::{self, Exit, Outcome},
};

pub(crate) fn run(asked: &KeyAsked) -> Outcome {
    let (id, name) = (keyring::name(&asked.id)?, keyring::name(&asked.name)?);
    let line = UrlSecret::draw().line(&id, &name, &keyring::groups(&asked.groups)?);
    match &asked.append {
        None => output::data(&*line),
        Some(path) => {
            keyring::append(path, &line, |text| UrlKeys::parse(text, Duration::ZERO).map(drop))?;
            Ok(Exit::Done)
        }
    }
}
