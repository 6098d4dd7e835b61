//! The places in one body where something happens, in order.

use std::time::Duration;

use super::fault::{ANYWHERE, Action, Cut, Fault};
use super::gate::Gate;
use super::script::Drawn;

/// What happens at a place.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    Cut(Cut),
    Stall(Gate),
    Do(Action),
}

/// The marks of one body.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The next one last.
    ahead: Vec<(u64, Mark)>,
    drip: Option<(u64, Duration)>,
    flips: Vec<u64>,
}

impl Marks {
    /// Those that the faults put into a body of `len` bytes.
    pub(crate) fn of(drawn: &Drawn, len: u64) -> Self {
        let place = |at: u64| if at == ANYWHERE { drawn.lot % len.max(1) } else { at };
        let mut marks = Self::default();
        for fault in &drawn.faults {
            match fault {
                Fault::Short { after, how } => marks.ahead.push((place(*after), Mark::Cut(*how))),
                Fault::Stall { after, gate } => marks.ahead.push((place(*after), Mark::Stall(gate.clone()))),
                Fault::Meanwhile { after, action } => {
                    marks.ahead.push((place(*after), Mark::Do(action.clone())));
                }
                Fault::Drip { bytes, every } => marks.drip = Some(((*bytes).max(1) as u64, *every)),
                Fault::Flip { at } => marks.flips.push(place(*at)),
                _ => {}
            }
        }
        marks.in_order()
    }

    /// Those that the faults put into an upload of `len` bytes.
    pub(crate) fn of_upload(drawn: &Drawn, len: u64) -> Self {
        let place = |at: u64| if at == ANYWHERE { drawn.lot % len.max(1) } else { at };
        let mut marks = Self::default();
        for fault in &drawn.faults {
            match fault {
                Fault::ShortUpload { after, how } => marks.ahead.push((place(*after), Mark::Cut(*how))),
                Fault::DripUpload { bytes, every } => marks.drip = Some(((*bytes).max(1) as u64, *every)),
                Fault::MeanwhileUpload { after, action } => {
                    marks.ahead.push((place(*after), Mark::Do(action.clone())));
                }
                Fault::StallUpload { after, gate } => {
                    marks.ahead.push((place(*after), Mark::Stall(gate.clone())))
                }
                _ => {}
            }
        }
        marks.in_order()
    }

    fn in_order(mut self) -> Self {
        // The next one last; of two at one place, what was scripted first happens first.
        self.ahead.reverse();
        self.ahead.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        self
    }

    /// What happens at `at`, one thing at a time.
    pub(crate) fn due(&mut self, at: u64) -> Option<Mark> {
        if self.next() > at { None } else { self.ahead.pop().map(|(_, mark)| mark) }
    }

    /// Where something happens next.
    pub(crate) fn next(&self) -> u64 {
        self.ahead.last().map_or(u64::MAX, |(at, _)| *at)
    }

    /// Bytes at once.
    pub(crate) fn piece(&self) -> u64 {
        self.drip.map_or(u64::MAX, |(bytes, _)| bytes)
    }

    pub(crate) async fn pause(&self) {
        if let Some((_, every)) = self.drip {
            tokio::time::sleep(every).await;
        }
    }

    /// Spoils what is to be spoiled of a block that begins at `at`.
    pub(crate) fn flip(&self, at: u64, block: &mut [u8]) {
        for place in &self.flips {
            let within = place.checked_sub(at).and_then(|i| usize::try_from(i).ok());
            if let Some(byte) = within.and_then(|i| block.get_mut(i)) {
                *byte ^= 1;
            }
        }
    }
}
