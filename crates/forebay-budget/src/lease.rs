//! Memory that was granted.
//!
//! A lease is not cloned and not copied: it is moved into the value that uses the memory and gives it back
//! when that value is dropped, whichever way the work ended.

use crate::{
    class::Class,
    gate::Hold,
    refused::{Refused, Why},
};

/// A granted number of bytes of one class, given back on drop.
#[derive(Debug)]
#[must_use = "a lease that is not kept gives its memory back at once"]
pub struct Lease {
    class: Class,
    hold: Hold,
}

impl Lease {
    pub(crate) fn new(class: Class, hold: Hold) -> Self {
        Self { class, hold }
    }

    /// The number of bytes held.
    pub fn bytes(&self) -> u64 {
        self.hold.amount()
    }

    /// What they are held for.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Cuts `bytes` off into a lease of its own; `None`, and nothing changed, if this one holds less.
    pub fn split(&mut self, bytes: u64) -> Option<Self> {
        Some(Self { class: self.class, hold: self.hold.split(bytes)? })
    }

    /// Joins another lease of the same class and ledger to this one.
    ///
    /// # Errors
    ///
    /// Hands `other` back if it is of another class or ledger.
    pub fn merge(&mut self, other: Self) -> Result<(), Self> {
        let class = other.class;
        self.hold.merge(other.hold).map_err(|hold| Self { class, hold })
    }

    /// Takes `more` bytes in addition, now or not at all. There is no waiting variant: who waits while holding
    /// can wait for himself.
    ///
    /// # Errors
    ///
    /// [`Refused`] if not as much is free, or if others wait for it; the lease is as it was.
    pub fn try_grow(&mut self, more: u64) -> Result<(), Refused> {
        self.hold
            .try_grow(more)
            .map_err(|denied| Refused::count(self.hold.gate(), self.class, more, Why::from(denied)))
    }

    /// Gives back what is above `bytes`; nothing if it holds no more than that.
    pub fn shrink_to(&mut self, bytes: u64) {
        self.hold.shrink_to(bytes);
    }
}
