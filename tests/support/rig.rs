//! A ledger on a database that outlives it, with a clock: what the ledger's tests hold in their hands.

use super::sqlite::Sqlite;
use super::{Sent, T0, batch};
use footfall::counting::days::Day;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::{Ledger, LedgerError};
use footfall::counting::wire::{Receipt, Visitors};

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
        let ledger = Ledger::open(sql.clone(), now).unwrap();
        Self { sql, ledger, now }
    }

    /// Sends a batch and wants a receipt.
    pub(crate) fn send(&mut self, isolate: u128, sequence: u64, sent: &[Sent]) -> Receipt {
        self.try_send(isolate, sequence, sent).unwrap()
    }

    pub(crate) fn try_send(&mut self, isolate: u128, sequence: u64, sent: &[Sent]) -> Result<Receipt, LedgerError> {
        self.ledger.apply(&batch(isolate, sequence, self.now, sent), self.now)
    }

    /// Drops what is in memory and opens the ledger from its tables.
    pub(crate) fn restart(&mut self) {
        self.ledger = Ledger::open(self.sql.clone(), self.now).unwrap();
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

    /// Rows of a table.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.sql.number(&format!("SELECT count(*) FROM {table}"))
    }

    /// Carries the journal over and wants the tables to agree with each other and with the ledger.
    pub(crate) fn audit(&mut self) {
        self.maintain();
        let views = i64::try_from(self.ledger.views()).unwrap();
        assert_eq!(self.sql.number("SELECT coalesce(sum(views), 0) FROM pages"), views, "pages add up to the shard");
        assert_eq!(self.sql.number("SELECT coalesce(sum(views), 0) FROM hours"), views, "hours add up to the shard");
        assert_eq!(
            self.sql.number("SELECT coalesce(sum(views), 0) FROM site_hours"),
            views,
            "the site's hours add up to the shard"
        );
        let torn = "SELECT count(*) FROM pages WHERE views != (SELECT sum(views) FROM hours WHERE hours.page = pages.id)";
        assert_eq!(self.sql.number(torn), 0, "the hours of each page add up to it");
        self.restart();
        assert_eq!(i64::try_from(self.ledger.views()).unwrap(), views, "a restart changes nothing");
    }
}
