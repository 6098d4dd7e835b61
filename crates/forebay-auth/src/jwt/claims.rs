//! What a genuine token has to say: for whom it is, until when, and about whom.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::JwtError;
use crate::identity::{Identity, Proof};
use crate::name::{Group, Name};

/// How far two clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(60);
/// Groups of one token, at most.
const GROUPS_MAX: usize = 256;

/// Where in a token a claim is: its name (`sub`), or a JSON pointer into it (`/realm_access/roles`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where(String);

/// What tokens have to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`, exactly.
    pub issuer: String,
    /// Any of these has to be among `aud`.
    pub audiences: Vec<String>,
    /// Where the name is; often `sub`.
    pub name: Where,
    /// Where the groups are: an array of texts, or one text. Without it nobody is in any.
    pub groups: Option<Where>,
}

impl Where {
    /// A claim's name, or a pointer if it begins with a slash.
    #[must_use]
    pub fn new(claim: &str) -> Self {
        Self(claim.to_owned())
    }

    fn find<'a>(&self, payload: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { payload.pointer(&self.0) } else { payload.get(&self.0) }
    }
}

impl Claims {
    /// Who a genuine token is about.
    pub(super) fn check(&self, payload: &Value, now: SystemTime) -> Result<Identity, JwtError> {
        let is_ours = payload.get("iss").and_then(Value::as_str) == Some(&self.issuer)
            && payload.get("aud").is_some_and(|audience| self.is_for_us(audience));
        if !is_ours {
            return Err(JwtError::Claims);
        }
        in_time(payload, now)?;
        let name = self.name.find(payload).and_then(Value::as_str).ok_or(JwtError::Claims)?;
        let name = Name::new(name).map_err(|_| JwtError::Claims)?;
        Ok(Identity::new(name, self.groups(payload).into(), Proof::Jwt))
    }

    fn is_for_us(&self, audience: &Value) -> bool {
        let is_ours =
            |one: &Value| one.as_str().is_some_and(|one| self.audiences.iter().any(|ours| ours == one));
        audience.as_array().map_or_else(|| is_ours(audience), |all| all.iter().any(is_ours))
    }

    /// What cannot be a group is left out: rules only allow, so that who is in fewer groups may do less.
    fn groups(&self, payload: &Value) -> Vec<Group> {
        let found = self.groups.as_ref().and_then(|groups| groups.find(payload));
        let texts = found.map(|found| found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice));
        let groups = texts.unwrap_or_default().iter().filter_map(Value::as_str);
        groups.filter_map(|group| Group::new(group).ok()).take(GROUPS_MAX).collect()
    }
}

fn in_time(payload: &Value, now: SystemTime) -> Result<(), JwtError> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let leeway = LEEWAY.as_secs_f64();
    let expires = payload.get("exp").and_then(Value::as_f64).ok_or(JwtError::Claims)?;
    let begins = match payload.get("nbf") {
        None => 0.0,
        Some(begins) => begins.as_f64().ok_or(JwtError::Claims)?,
    };
    if now < expires + leeway && now >= begins - leeway { Ok(()) } else { Err(JwtError::Time) }
}
