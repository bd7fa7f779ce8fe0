//! What a shard ought to have counted: the rules of a ledger once more, as plain maps without journal, checkpoint or windows.

use crate::facts::Member;
use footfall::counting::model::date::Day;
use footfall::counting::model::limits::MAX_PAGES;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::answer::Visitors;
use footfall::counting::protocol::batch::{Counted, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// The page that views of pages beyond the limit are counted under.
pub(crate) const OTHER_PAGE: usize = usize::MAX;

/// One shard, with what is durable and what is not yet.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The views of each page, and how many visits named it: a visitor who is told here brings the page along.
    pages: HashMap<usize, (u64, u64)>,
    total: u64,
    day: Day,
    people: HashSet<(Day, VisitorHash)>,
    withheld: BTreeMap<(Day, Withheld), u64>,
    /// What may still be taken back, oldest first.
    pending: VecDeque<Change>,
}

/// What a call changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// The post that it was of, if it was one.
    pub(crate) post: Option<usize>,
    /// Its tries that counted a view, with the page they were counted under.
    pub(crate) counted: Vec<(usize, usize)>,
    /// Its tries that told a visitor whose view another shard counts.
    pub(crate) guests: Vec<usize>,
    /// The pages that they named.
    named: Vec<usize>,
    day_before: Day,
    people: Vec<(Day, VisitorHash)>,
    withheld: Vec<(Day, Withheld)>,
}

impl Truth {
    /// Takes a batch and says what its receipt ought to be. `pages` are its pages in their order on the wire, `known` says
    /// whether the id of a try was counted before.
    pub(crate) fn apply(
        &mut self,
        post: usize,
        members: &[Member],
        pages: impl Iterator<Item = usize>,
        mut known: impl FnMut(&Member) -> bool,
    ) -> Vec<Counted> {
        let under = self.pages_of(pages);
        let mut change = Change { post: Some(post), day_before: self.day, ..Change::default() };
        let mut receipt = Vec::with_capacity(members.len());
        for member in members {
            let page = under.get(&member.page).copied().unwrap_or(OTHER_PAGE);
            // Routed by an id or a visitor, and so by the shards of one day.
            let of_its_day = member.id.is_some() || member.visitor.at_home().is_some();
            let verdict = if of_its_day && member.day < self.day {
                Verdict::Stale
            } else if known(member) {
                Verdict::Duplicate
            } else {
                Verdict::Counted
            };
            if of_its_day {
                self.day = self.day.max(member.day);
            }
            if verdict == Verdict::Counted {
                let (views, named) = self.pages.entry(page).or_default();
                *named += 1;
                if matches!(member.visitor, Visitor::Guest(_)) {
                    change.guests.push(member.a_try);
                    change.named.push(page);
                } else {
                    *views += 1;
                    self.total += 1;
                    change.counted.push((member.a_try, page));
                }
                match member.visitor {
                    Visitor::Hash(hash) | Visitor::Guest(hash) if self.people.insert((member.day, hash)) => {
                        change.people.push((member.day, hash));
                    }
                    Visitor::Hash(_) | Visitor::Elsewhere | Visitor::Guest(_) => {}
                    Visitor::Withheld(why) => {
                        // A view that is told late is one of the day on which it was made.
                        let day = member.made.map_or(member.day, |minute| minute / (24 * 60));
                        *self.withheld.entry((day, why)).or_default() += 1;
                        change.withheld.push((day, why));
                    }
                }
            }
            receipt.push(Counted { verdict, other: page == OTHER_PAGE, views: self.views(page) });
        }
        self.pending.push_back(change);
        receipt
    }

    /// What each page of a batch is counted under: itself, or the page for those that are too many.
    fn pages_of(&self, pages: impl Iterator<Item = usize>) -> HashMap<usize, usize> {
        let mut room = MAX_PAGES.saturating_sub(self.pages.len() as u64);
        let under = pages.map(|page| {
            let is_new = !self.pages.contains_key(&page);
            let under = if is_new && room == 0 { OTHER_PAGE } else { page };
            room = room.saturating_sub(u64::from(is_new));
            (page, under)
        });
        under.collect()
    }

    /// A day began without a batch.
    pub(crate) fn begin(&mut self, day: Day) {
        self.pending.push_back(Change { day_before: self.day, ..Change::default() });
        self.day = self.day.max(day);
    }

    /// The oldest change that was not durable is.
    pub(crate) fn commit(&mut self) -> Option<Change> {
        self.pending.pop_front()
    }

    /// Takes back the newest change that is not durable.
    pub(crate) fn take_back(&mut self) -> Option<Change> {
        let change = self.pending.pop_back()?;
        let views = change.counted.iter().map(|(_, page)| (*page, 1));
        for (page, view) in views.chain(change.named.iter().map(|page| (*page, 0))) {
            self.total -= view;
            let (views, named) = self.pages.entry(page).or_default();
            (*views, *named) = (*views - view, *named - 1);
            if *named == 0 {
                self.pages.remove(&page);
            }
        }
        self.day = change.day_before;
        for person in &change.people {
            self.people.remove(person);
        }
        for why in &change.withheld {
            *self.withheld.entry(*why).or_default() -= 1;
        }
        Some(change)
    }

    /// The latest day that began.
    pub(crate) fn day(&self) -> Day {
        self.day
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Its views that are durable.
    pub(crate) fn durable(&self) -> u64 {
        self.total - self.pending.iter().map(|change| change.counted.len() as u64).sum::<u64>()
    }

    pub(crate) fn views(&self, page: usize) -> u64 {
        self.pages.get(&page).map_or(0, |(views, _)| *views)
    }

    /// Its pages, with their views.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (usize, u64)> {
        self.pages.iter().map(|(page, (views, _))| (*page, *views))
    }

    /// Its visitors, each once a day.
    pub(crate) fn people(&self) -> impl Iterator<Item = (Day, VisitorHash)> {
        self.people.iter().copied()
    }

    /// What it answers for a day.
    pub(crate) fn visitors(&self, day: Day) -> Visitors {
        let visitors = self.people.iter().filter(|(of, _)| *of == day).count() as u64;
        Visitors { visitors, withheld: Withheld::ALL.map(|why| self.withheld.get(&(day, why)).copied().unwrap_or(0)) }
    }

    /// The days that it has views of.
    pub(crate) fn days(&self) -> BTreeSet<Day> {
        self.people.iter().map(|(day, _)| *day).chain(self.withheld.keys().map(|(day, _)| *day)).collect()
    }
}
