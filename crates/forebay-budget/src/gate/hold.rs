//! An amount that was taken and is given back when its holder is dropped, on every path.

use std::{fmt, mem, sync::Arc};

use super::{Denied, Gate};

/// A held amount. It can be divided and joined, and the sum of the pieces is always what was taken.
pub(crate) struct Hold {
    gate: Arc<Gate>,
    amount: u64,
}

impl Hold {
    /// Wraps what the gate has just counted.
    pub(super) fn taken(gate: Arc<Gate>, amount: u64) -> Self {
        Self { gate, amount }
    }

    pub(crate) fn amount(&self) -> u64 {
        self.amount
    }

    pub(crate) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Cuts `amount` off, or nothing if there is less.
    pub(crate) fn split(&mut self, amount: u64) -> Option<Self> {
        self.amount = self.amount.checked_sub(amount)?;
        Some(Self { gate: Arc::clone(&self.gate), amount })
    }

    /// Joins what was taken from the same gate; what was not comes back.
    pub(crate) fn merge(&mut self, mut other: Self) -> Result<(), Self> {
        if !Arc::ptr_eq(&self.gate, &other.gate) {
            return Err(other);
        }
        self.amount += mem::take(&mut other.amount);
        Ok(())
    }

    /// Takes `more` in addition, now or not at all.
    pub(crate) fn try_grow(&mut self, more: u64) -> Result<(), Denied> {
        self.gate.try_pass(more)?;
        self.amount += more;
        Ok(())
    }

    /// Gives back what is above `amount`.
    pub(crate) fn shrink_to(&mut self, amount: u64) {
        let surplus = self.amount.saturating_sub(amount);
        self.amount -= surplus;
        self.gate.give_back(surplus);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gate.give_back(self.amount);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("amount", &self.amount).finish_non_exhaustive()
    }
}
