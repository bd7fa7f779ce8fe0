//! The views of pages, in memory: what is stored plus what waits in the journal.

use crate::counting::ledger::quarters::{Counts, Quarters};
use std::collections::HashMap;

/// The pages that were visited since the object started.
#[derive(Debug, Default)]
pub(crate) struct PageViewsInMemory {
    loaded: HashMap<String, PageState>,
    /// How many pages exist, in the tables or in the journal.
    pub known: u64,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageState {
    /// All its views.
    pub views: u64,
    /// The views that are in the journal but not yet in the tables.
    pub waiting: Quarters,
}

impl PageViewsInMemory {
    /// The page, if it was loaded.
    pub(crate) fn get(&self, page: &str) -> Option<&PageState> {
        self.loaded.get(page)
    }

    /// Takes a page into memory, with its stored views.
    pub(crate) fn load(&mut self, page: &str, views: u64) {
        self.loaded.insert(page.to_owned(), PageState { views, waiting: Quarters::default() });
    }

    /// Counts views of a page in a quarter of an hour.
    pub(crate) fn count(&mut self, page: &str, quarter: u64, counts: Counts) {
        let state = match self.loaded.get_mut(page) {
            Some(state) => state,
            None => {
                self.known = self.known.saturating_add(1);
                self.loaded.entry(page.to_owned()).or_default()
            }
        };
        state.views = state.views.saturating_add(counts.views);
        state.waiting.add(quarter, counts);
    }

    /// Takes counts of a page that was loaded back into memory, where they wait as before.
    pub(crate) fn wait(&mut self, page: &str, quarter: u64, counts: Counts) {
        if let Some(state) = self.loaded.get_mut(page) {
            state.waiting.add(quarter, counts);
        }
    }

    /// The pages with views that wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&str, &PageState)> {
        self.loaded.iter().filter(|(_, state)| !state.waiting.is_empty()).map(|(page, state)| (page.as_str(), state))
    }

    /// Notes that the tables have everything.
    pub(crate) fn all_stored(&mut self) {
        for state in self.loaded.values_mut() {
            state.waiting.clear();
        }
    }
}
