//! What the tests share. Visits and batches are made here, so that a new field of a message is one new line.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod rig;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod sqlite;

use footfall::counting::dispatch::posting::Entry;
use footfall::counting::ledger::sets::instance::Instance;
use footfall::counting::ledger::sets::memory_budget::MemoryBudget;
use footfall::counting::ledger::sets::sizes::Sizes;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::ledger::state::{Ledger, Sql, StorageError};
use footfall::counting::model::client::{Client, Country, Device};
use footfall::counting::model::date::{Day, day_of};
use footfall::counting::model::dimensions::{Described, Dimensions};
use footfall::counting::model::minute::Minute;
use footfall::counting::model::share::Share;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::batch::{Batch, Counted, Item, Receipt, Verdict};

pub(crate) const SECOND: u64 = 1000;
pub(crate) const HOUR: u64 = 60 * 60 * SECOND;
pub(crate) const DAY: u64 = 24 * HOUR;

/// The time at which most tests begin: 07:00 of some day, with seven hours of the day before it and 17 after it.
pub(crate) const T0: u64 = 20_000 * DAY + 7 * HOUR;

/// What shards get from the instance that they run in.
pub(crate) fn instance() -> Instance {
    Instance { seed: Some(*b"a seed for tests"), budget: MemoryBudget::new(MemoryBudget::INSTANCE), sizes: Sizes::default() }
}

/// A shard over a database, alone in its instance.
pub(crate) fn shard<S: Sql + Clone>(sql: S) -> Shard<S> {
    Shard::new(sql, instance())
}

/// The ledger of a database.
pub(crate) fn open<S: Sql>(sql: S, now: u64) -> Result<Ledger<S>, StorageError> {
    Ledger::open(sql, now, &instance())
}

/// No visitor: what a visit of these tests has by default.
pub(crate) const NOBODY: Visitor = Visitor::Withheld(Withheld::NoAddress);

/// A visit before it is packed into a batch.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) page: String,
    pub(crate) id: Option<Fingerprint>,
    pub(crate) visitor: Visitor,
    /// The day that the visit belongs to; if `None`, the day of the batch.
    pub(crate) day: Option<Day>,
    /// The visit's dimensions.
    pub(crate) details: String,
    /// When the visit was made, if it is sent late.
    pub(crate) made: Option<Minute>,
    /// The share of the memory of ids that the visit's id takes up.
    pub(crate) share: Share,
}

/// A visit of a page, without an id and without a visitor.
pub(crate) fn visit(page: &str) -> Sent {
    Sent {
        page: page.to_owned(),
        id: None,
        visitor: NOBODY,
        day: None,
        details: String::new(),
        made: None,
        share: Share::default(),
    }
}

impl Sent {
    /// With an id.
    pub(crate) fn id(self, id: u64) -> Self {
        Self { id: Some(Fingerprint(id)), ..self }
    }

    /// By a visitor with this hash.
    pub(crate) fn by(self, hash: u64) -> Self {
        Self { visitor: Visitor::Hash(VisitorHash(hash)), ..self }
    }

    /// With these dimensions.
    pub(crate) fn from(self, details: &Dimensions) -> Self {
        Self { details: details.as_str().to_owned(), ..self }
    }

    /// Sent by the `n`th server.
    pub(crate) fn server(self, n: u16) -> Self {
        Self { share: Share(n * 2 + 1), ..self }
    }

    /// Sent by a page from the `n`th address.
    pub(crate) fn address(self, n: u16) -> Self {
        Self { share: Share(n * 2), ..self }
    }

    /// Sent late: it was made at a time in milliseconds since 1970.
    pub(crate) fn made(self, at: u64) -> Self {
        Self { made: Some(u32::try_from(at / 60_000).unwrap()), ..self }
    }

    /// Of a day other than its batch's.
    pub(crate) fn of(self, day: Day) -> Self {
        Self { day: Some(day), ..self }
    }
}

/// The batch that an isolate sends at the time `at`. It borrows its pages from the visits.
pub(crate) fn batch(isolate: u128, sequence: u64, at: u64, sent: &[Sent]) -> Batch<'_> {
    let (mut pages, mut details): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let visits = sent.iter().map(|visit| {
        let known = pages.iter().rposition(|page| *page == visit.page);
        let page = known.unwrap_or_else(|| {
            pages.push(&visit.page);
            pages.len() - 1
        });
        let day = visit.day.unwrap_or_else(|| day_of(at));
        if !visit.details.is_empty() && !details.contains(&visit.details.as_str()) {
            details.push(&visit.details);
        }
        let about = details.iter().position(|known| *known == visit.details).map_or(0, |at| at + 1);
        Item {
            page: page.try_into().unwrap(),
            details: about.try_into().unwrap(),
            id: visit.id,
            visitor: visit.visitor,
            day,
            made: visit.made,
            share: visit.share,
        }
    });
    let visits = visits.collect();
    Batch { isolate, sequence, pages, details, visits, tallies: Vec::new() }
}

/// What a batcher keeps of a visit that must be answered at `deadline`.
pub(crate) fn entry(page: &str, deadline: u64) -> Entry {
    Entry {
        page: page.to_owned(),
        details: Dimensions::default(),
        id: None,
        visitor: NOBODY,
        day: day_of(deadline),
        made: None,
        share: Share::default(),
        by_server: false,
        deadline,
    }
}

/// A line of a receipt: the visit counted, and its page has this many views.
pub(crate) fn counted(views: u64) -> Counted {
    Counted { verdict: Verdict::Counted, other: false, views }
}

/// A line of a receipt: the visit was a duplicate, and its page has this many views.
pub(crate) fn duplicate(views: u64) -> Counted {
    Counted { verdict: Verdict::Duplicate, ..counted(views) }
}

/// A receipt with these lines.
pub(crate) fn receipt(visits: &[Counted]) -> Receipt {
    Receipt { visits: visits.to_vec() }
}

/// The values of a visit in all dimensions. An empty text means that the value is unknown.
pub(crate) fn details(device: Option<Device>, country: &str, referrer: &str, campaign: [&str; 3]) -> Dimensions {
    let client = Client { device, country: Country::read(country) };
    Dimensions::of(&Described { client, referrer, campaign: &campaign.map(str::to_owned) })
}
