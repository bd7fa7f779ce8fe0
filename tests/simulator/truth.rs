//! What a shard must have counted: the rules of a ledger once more, with plain maps and without journal, checkpoint or windows.

use crate::facts::Member;
use footfall::counting::model::date::Day;
use footfall::counting::model::limits::MAX_PAGES;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::answer::Visitors;
use footfall::counting::protocol::batch::{Counted, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// Stands for the page that collects the views of pages beyond the limit.
pub(crate) const OTHER_PAGE: usize = usize::MAX;

/// The counts of one shard, with the changes that are not durable yet.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The views of each page, and how many visits named it. A guest is no view here, but its visit names the page.
    pages: HashMap<usize, (u64, u64)>,
    total: u64,
    day: Day,
    people: HashSet<(Day, VisitorHash)>,
    withheld: BTreeMap<(Day, Withheld), u64>,
    /// The changes that may still be undone, oldest first.
    pending: VecDeque<Change>,
}

/// The changes of one call.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// The post that the call belongs to, if it belongs to one.
    pub(crate) post: Option<usize>,
    /// The tries that counted a view, each with the page that the view counted for.
    pub(crate) counted: Vec<(usize, usize)>,
    /// The tries that reported a guest.
    pub(crate) guests: Vec<usize>,
    /// The pages that the guests' tries named.
    named: Vec<usize>,
    day_before: Day,
    people: Vec<(Day, VisitorHash)>,
    withheld: Vec<(Day, Withheld)>,
}

impl Truth {
    /// Applies a batch and returns its expected receipt. `pages` are the pages of the batch in their order on the wire. `known`
    /// returns whether the id of a try was counted before.
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
            // An id or a visitor led the visit to this shard, so its route depends on one day's number of shards.
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
                        // A view that is reported late belongs to the day on which it was made.
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

    /// The page that each page of a batch counts for: itself, or the page that collects those beyond the limit.
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

    /// Begins a day without a batch.
    pub(crate) fn begin(&mut self, day: Day) {
        self.pending.push_back(Change { day_before: self.day, ..Change::default() });
        self.day = self.day.max(day);
    }

    /// Makes the oldest pending change durable.
    pub(crate) fn commit(&mut self) -> Option<Change> {
        self.pending.pop_front()
    }

    /// Undoes the newest change that is not durable.
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

    /// The number of durable views.
    pub(crate) fn durable(&self) -> u64 {
        self.total - self.pending.iter().map(|change| change.counted.len() as u64).sum::<u64>()
    }

    pub(crate) fn views(&self, page: usize) -> u64 {
        self.pages.get(&page).map_or(0, |(views, _)| *views)
    }

    /// The pages, with their views.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (usize, u64)> {
        self.pages.iter().map(|(page, (views, _))| (*page, *views))
    }

    /// The visitors, each once a day.
    pub(crate) fn people(&self) -> impl Iterator<Item = (Day, VisitorHash)> {
        self.people.iter().copied()
    }

    /// The expected answer for the visitors of a day.
    pub(crate) fn visitors(&self, day: Day) -> Visitors {
        let visitors = self.people.iter().filter(|(of, _)| *of == day).count() as u64;
        Visitors { visitors, withheld: Withheld::ALL.map(|why| self.withheld.get(&(day, why)).copied().unwrap_or(0)) }
    }

    /// The days that have visitors or withheld views.
    pub(crate) fn days(&self) -> BTreeSet<Day> {
        self.people.iter().map(|(day, _)| *day).chain(self.withheld.keys().map(|(day, _)| *day)).collect()
    }
}
