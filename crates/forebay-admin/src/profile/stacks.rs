//! Stacks and what was counted for them, within bounds.
//!
//! A program has only so many stacks, but nobody promises how many. What goes beyond the bound is counted and left
//! out, and the profile says so, rather than that the process pays.

use std::collections::HashMap;

/// Addresses that all stacks may have together; 8 bytes each.
const ADDRESSES_MAX: usize = 48 * 1024;

/// Stacks, innermost address first, each with a value.
#[derive(Debug)]
pub(crate) struct Stacks<V> {
    values: HashMap<Box<[usize]>, V>,
    addresses: usize,
    left_out: u64,
}

impl<V: Default> Stacks<V> {
    pub(crate) fn new() -> Self {
        Self { values: HashMap::new(), addresses: 0, left_out: 0 }
    }

    /// The value of a stack, to be changed; `None` when there is no room for another stack.
    pub(crate) fn value(&mut self, stack: &[usize]) -> Option<&mut V> {
        if !self.values.contains_key(stack) {
            if self.addresses + stack.len() > ADDRESSES_MAX {
                self.left_out += 1;
                return None;
            }
            self.addresses += stack.len();
            self.values.insert(stack.into(), V::default());
        }
        self.values.get_mut(stack)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[usize], &V)> {
        self.values.iter().map(|(stack, value)| (&**stack, value))
    }

    /// Every address that occurs, some of them more than once.
    pub(crate) fn addresses(&self) -> Vec<usize> {
        self.values.keys().flat_map(|stack| stack.iter().copied()).collect()
    }

    /// Samples that found no room.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::{ADDRESSES_MAX, Stacks};

    #[test]
    fn a_known_stack_always_has_room_and_a_new_one_only_within_the_bound() {
        let mut stacks = Stacks::<u64>::new();
        *stacks.value(&[1; ADDRESSES_MAX]).unwrap() += 1;
        assert!(stacks.value(&[2]).is_none());
        *stacks.value(&[1; ADDRESSES_MAX]).unwrap() += 1;
        assert_eq!(stacks.iter().map(|(_, value)| *value).sum::<u64>(), 2);
        assert_eq!(stacks.left_out(), 1);
    }
}
