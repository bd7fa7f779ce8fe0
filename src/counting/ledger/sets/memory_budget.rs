//! How much memory the sets of an instance may take.
//!
//! Objects of one class may share an instance and its 128 MB. So one budget counts for all sets of all its shards. When it is used up,
//! sets read rows instead: they are slower, and never wrong.

use std::cell::Cell;
use std::rc::Rc;

/// The bytes that sets take in an instance, and the most that they may take. A clone counts into the same budget.
#[derive(Clone, Debug, Default)]
pub struct MemoryBudget {
    used: Rc<Cell<usize>>,
    most: usize,
}

impl MemoryBudget {
    /// The budget of an instance.
    pub const INSTANCE: usize = 48 << 20;

    /// A budget of this many bytes.
    pub fn new(most: usize) -> Self {
        Self { used: Rc::default(), most }
    }

    /// The bytes that are taken. Keys that are not stored yet are taken without asking, so there may be more than the budget has.
    pub fn used(&self) -> usize {
        self.used.get()
    }

    /// Whether a set may keep so many more bytes.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.used.get().saturating_add(bytes) <= self.most
    }

    /// Whether a filter may. Filters leave a sixth of the budget alone. Otherwise one large shard could take the memory of all small ones.
    pub(crate) fn has_room_for_filter(&self, bytes: usize) -> bool {
        self.used.get().saturating_add(bytes) <= (self.most / 6).saturating_mul(5)
    }
}

/// What one owner takes of the budget. It gives that back when it is dropped.
#[derive(Debug)]
pub(crate) struct HeldMemory {
    budget: MemoryBudget,
    bytes: usize,
}

impl HeldMemory {
    /// Takes nothing yet.
    pub(crate) fn new(budget: &MemoryBudget) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// Takes this many bytes from now on, in place of those before.
    pub(crate) fn set(&mut self, bytes: usize) {
        let used = &self.budget.used;
        used.set(used.get().saturating_sub(self.bytes).saturating_add(bytes));
        self.bytes = bytes;
    }

    /// Takes this many more bytes.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_add(bytes));
    }

    /// Gives back so many bytes.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_sub(bytes));
    }

    /// The budget.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.budget
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let budget = MemoryBudget::new(600);
        let mut one = HeldMemory::new(&budget);
        let mut other = HeldMemory::new(&budget.clone());
        one.set(400);
        other.add(90);
        other.add(10);
        assert_eq!(budget.used(), 500);
        assert!(budget.has_room(100) && !budget.has_room(101));
        assert!(budget.has_room_for_filter(0) && !budget.has_room_for_filter(1), "filters leave a sixth");
        one.give_back(300);
        assert_eq!(budget.used(), 200);
        drop(other);
        assert_eq!(budget.used(), 100);
        drop(one);
        assert_eq!(budget.used(), 0);
    }
}
