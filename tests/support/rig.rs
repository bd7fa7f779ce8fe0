//! A ledger with a clock, on a database that outlives the ledger. The tests of the ledger work with it.

use super::sqlite::Sqlite;
use super::{Sent, T0, batch};
use footfall::counting::ledger::packed::{PAGES, Packed};
use footfall::counting::ledger::quarters::Counts;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::sets::Sets;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::ledger::state::{Ledger, LedgerError};
use footfall::counting::model::date::Day;
use footfall::counting::protocol::answer::Visitors;
use footfall::counting::protocol::batch::Receipt;
use footfall::counting::storage::Value;
use std::collections::BTreeMap;

/// How many keys each stored set of a kind has.
pub(crate) fn stored_sets(sql: &Sqlite, kind: SetKind) -> Vec<u64> {
    let sets = Sets::open(sql, &super::instance()).unwrap();
    sets.periods(kind).map(|period| sets.len(kind, period)).collect()
}

/// The content of a table of packed rows: page, time (a quarter or a day) and counts, sorted by page and time.
pub(crate) fn by_page(sql: &Sqlite, table: &str) -> Vec<(String, u64, Counts)> {
    let per = if table == "page_hours" { 4 } else { 1 };
    let mut all = Vec::new();
    for row in sql.query(&format!("SELECT part, at, body FROM {table}"), &[]).unwrap() {
        let [Value::Integer(part), Value::Integer(at), Value::Blob(body)] = &row[..] else { panic!("{row:?}") };
        for (place, counts) in Packed::from_bytes(body).unwrap().iter() {
            let id = Value::Integer(part * i64::try_from(PAGES).unwrap() + i64::try_from(place.page()).unwrap());
            let names = sql.query("SELECT page FROM pages WHERE id = ?", &[id]).unwrap();
            let [[Value::Text(page)]] = &names.iter().map(|row| &row[..]).collect::<Vec<_>>()[..] else { panic!("{names:?}") };
            all.push((page.clone(), u64::try_from(*at).unwrap() * per + place.quarter(), counts));
        }
    }
    all.sort_unstable_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    all
}

/// The sum of the views in a table of packed rows.
pub(crate) fn views_by_page(sql: &Sqlite, table: &str) -> i64 {
    by_page(sql, table).iter().map(|(.., counts)| i64::try_from(counts.views).unwrap()).sum()
}

pub(crate) struct Rig {
    pub(crate) sql: Sqlite,
    pub(crate) ledger: Ledger<Sqlite>,
    pub(crate) now: u64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::on(Sqlite::new(), T0)
    }

    pub(crate) fn on(sql: Sqlite, now: u64) -> Self {
        let ledger = super::open(sql.clone(), now).unwrap();
        Self { sql, ledger, now }
    }

    /// Sends a batch and expects a receipt.
    pub(crate) fn send(&mut self, isolate: u128, sequence: u64, sent: &[Sent]) -> Receipt {
        self.try_send(isolate, sequence, sent).unwrap()
    }

    pub(crate) fn try_send(&mut self, isolate: u128, sequence: u64, sent: &[Sent]) -> Result<Receipt, LedgerError> {
        self.ledger.apply(&batch(isolate, sequence, self.now, sent), self.now)
    }

    /// Drops the ledger's memory and opens the ledger again from its database.
    pub(crate) fn restart(&mut self) {
        self.ledger = super::open(self.sql.clone(), self.now).unwrap();
    }

    pub(crate) fn maintain(&mut self) -> bool {
        self.ledger.maintain(self.now, KEEP_HOURS_DAYS).unwrap()
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.now += ms;
    }

    pub(crate) fn views(&self, page: &str) -> u64 {
        self.ledger.page_views(page).unwrap()
    }

    pub(crate) fn visitors(&self, day: Day) -> Visitors {
        self.ledger.visitors(day).unwrap()
    }

    /// How many keys each stored set of a kind has.
    pub(crate) fn sets(&self, kind: SetKind) -> Vec<u64> {
        stored_sets(&self.sql, kind)
    }

    /// The number of rows of a table.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.sql.number(&format!("SELECT count(*) FROM {table}"))
    }

    /// Checkpoints the journal, and checks that the tables agree with each other and with the ledger.
    pub(crate) fn audit(&mut self) {
        self.maintain();
        let views = i64::try_from(self.ledger.views()).unwrap();
        assert_eq!(self.sql.number("SELECT coalesce(sum(views), 0) FROM pages"), views, "the pages add up to the shard");
        let site = self.sql.number("SELECT coalesce(sum(views), 0) FROM site_quarters");
        assert_eq!(site, views, "the site's quarters add up to the shard");
        let sums = |table| {
            let mut sums = BTreeMap::new();
            for (page, _, Counts { views, newcomers, .. }) in by_page(&self.sql, table) {
                let sum = sums.entry(page).or_insert((0, 0));
                *sum = (sum.0 + views, sum.1 + newcomers);
            }
            sums
        };
        assert_eq!(sums("page_hours"), sums("page_sums"), "the days of each page are the sums of its hours");
        let hours = sums("page_hours");
        for row in self.sql.query("SELECT page, views FROM pages", &[]).unwrap() {
            let [Value::Text(page), Value::Integer(views)] = &row[..] else { panic!("{row:?}") };
            let sum = hours.get(page).map_or(0, |(views, _)| i64::try_from(*views).unwrap());
            assert_eq!(sum, *views, "the hours of {page} add up to its views");
        }
        self.restart();
        assert_eq!(i64::try_from(self.ledger.views()).unwrap(), views, "a restart changes nothing");
    }
}
