//! Which fault meets which request: a queue that the test writes, and behind it a lottery with a seed.

use parking_lot::Mutex;

use super::fault::Fault;
use super::verb::{Target, Verb};

/// The faults that are still to come. Shared by the test and its server.
#[derive(Debug, Default)]
pub struct Script(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    lottery: Option<Lottery>,
}

#[derive(Debug)]
struct Rule {
    when: When,
    faults: Vec<Fault>,
}

/// Which requests a rule is for: any, as long as nothing more is said.
#[derive(Clone, Debug)]
pub struct When {
    verb: Option<Verb>,
    key: Option<String>,
    skip: u64,
    times: u64,
}

/// Faults drawn by lot.
#[derive(Clone, Debug)]
pub struct Lottery {
    /// The state of the generator; the same seed and the same order of requests draw the same faults.
    pub seed: u64,
    /// One request in so many meets a fault.
    pub one_in: u64,
    /// One of these, each as likely as the others.
    pub faults: Vec<Fault>,
}

/// What meets one request, and the lot that [`ANYWHERE`](super::ANYWHERE) is resolved with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    pub(crate) faults: Vec<Fault>,
    pub(crate) lot: u64,
}

impl When {
    /// Any request, once.
    #[must_use]
    pub const fn any() -> Self {
        Self { verb: None, key: None, skip: 0, times: 1 }
    }

    /// Requests of this verb, once.
    #[must_use]
    pub fn verb(verb: Verb) -> Self {
        Self { verb: Some(verb), ..Self::any() }
    }

    /// GET of this key, once.
    #[must_use]
    pub fn get(key: &str) -> Self {
        Self::verb(Verb::Get).key(key)
    }

    /// Only for this key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Not for the first so many requests that it fits.
    #[must_use]
    pub fn after(self, requests: u64) -> Self {
        Self { skip: requests, ..self }
    }

    /// For so many requests instead of one.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// For all requests from then on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    fn fits(&self, target: &Target) -> bool {
        self.verb.is_none_or(|verb| verb == target.verb)
            && self.key.as_ref().is_none_or(|key| *key == target.key)
    }
}

impl Script {
    /// This fault meets these requests. Of several rules for one request the first that is not used up counts.
    pub fn push(&self, when: When, fault: Fault) {
        self.push_all(when, vec![fault]);
    }

    /// These faults meet these requests, together.
    pub fn push_all(&self, when: When, faults: Vec<Fault>) {
        self.0.lock().rules.push(Rule { when, faults });
    }

    /// Requests without a rule draw lots from now on.
    pub fn draw_lots(&self, lottery: Lottery) {
        self.0.lock().lottery = Some(lottery);
    }

    /// No faults any more.
    pub fn clear(&self) {
        *self.0.lock() = State::default();
    }

    /// Rules that are not used up.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.lock().rules.len()
    }

    /// What meets this request.
    pub(crate) fn draw(&self, target: &Target) -> Drawn {
        let mut state = self.0.lock();
        let mut found = None;
        for (i, rule) in state.rules.iter_mut().enumerate() {
            if !rule.when.fits(target) {
                continue;
            }
            if rule.when.skip > 0 {
                rule.when.skip -= 1;
                continue;
            }
            rule.when.times = if rule.when.times == u64::MAX { u64::MAX } else { rule.when.times - 1 };
            found = Some((i, rule.faults.clone(), rule.when.times == 0));
            break;
        }
        if let Some((i, faults, used_up)) = found {
            if used_up {
                state.rules.remove(i);
            }
            return Drawn { faults, lot: state.lottery.as_mut().map_or(0x5eed, Lottery::next) };
        }
        state.lottery.as_mut().map(Lottery::draw).unwrap_or_default()
    }
}

impl Lottery {
    fn draw(&mut self) -> Drawn {
        let lot = self.next();
        if self.faults.is_empty() || !lot.is_multiple_of(self.one_in.max(1)) {
            return Drawn::default();
        }
        let which = usize::try_from(self.next() % self.faults.len() as u64).unwrap_or(0);
        Drawn { faults: vec![self.faults[which].clone()], lot: self.next() }
    }

    /// Xorshift (Marsaglia 2003): no more is asked of it than to be the same again.
    fn next(&mut self) -> u64 {
        let mut x = self.seed | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.seed = x;
        x >> 11
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(key: &str) -> Target {
        Target { verb: Verb::Get, bucket: "b".into(), key: key.into() }
    }

    #[test]
    fn rules_are_used_in_order_and_used_up() {
        let script = Script::default();
        script.push(When::get("a").after(1).times(2), Fault::slow_down(None));
        script.push(When::any(), Fault::internal_error());
        let met = |key: &str| match script.draw(&get(key)).faults.first() {
            Some(Fault::Refuse { status, .. }) => *status,
            _ => 200,
        };
        // The first GET of `a` is skipped by the first rule and falls to the second.
        assert_eq!([met("a"), met("a"), met("b"), met("a"), met("a")], [500, 503, 200, 503, 200]);
        assert_eq!(script.left(), 0);
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let draws = |seed| {
            let script = Script::default();
            script.draw_lots(Lottery {
                seed,
                one_in: 4,
                faults: vec![Fault::reset_after(super::super::ANYWHERE)],
            });
            (0..1000)
                .map(|_| script.draw(&get("a")))
                .filter(|d| !d.faults.is_empty())
                .map(|d| d.lot)
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(9));
        assert!((150..350).contains(&draws(7).len()), "one in four of 1000: {}", draws(7).len());
    }
}
