//! `forebay token NAME`: a bearer token, shown once, and the line that lets it in.

use forebay_auth::{Token, Tokens};

use super::keyring;
use crate::{
    args::TokenAsked,
    output::{self, Outcome},
};

pub(crate) fn run(asked: &TokenAsked) -> Outcome {
    let name = keyring::name(&asked.name)?;
    let groups = keyring::groups(&asked.groups)?;
    let expires = asked.expires.as_deref().map(keyring::expires).transpose()?;
    let token = Token::draw();
    let line = token.line(&name, &groups, expires);
    match &asked.append {
        Some(path) => keyring::append(path, &line, |text| Tokens::parse(text).map(drop))?,
        None => output::beside(&line),
    }
    output::data(token.expose())
}
