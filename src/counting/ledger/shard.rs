//! One shard of a site: takes calls as bytes, and returns answers as bytes. Its Durable Object is in `src/edge/objects/shard.rs`.

use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::live::pace::{PUSH_MS, Pace};
use crate::counting::live::pulse::Pulse;
use crate::counting::protocol::answer::{Answer, Fault};
use crate::counting::protocol::batch::{Receipt, Verdict};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::{Sql, StorageError};

/// A shard. It opens its ledger at its first call.
#[derive(Debug)]
pub struct Shard<S> {
    sql: S,
    ledger: Option<Ledger<S>>,
    /// What it counted of itself since the object started, whatever ledgers it opened.
    counts: ShardCounts,
    /// When it next tells watchers.
    pace: Pace,
    /// How many watchers came since the object started.
    watches: u64,
    /// When a probe of the storage last succeeded, in milliseconds since 1970; `None` once the storage failed.
    stored_at: Option<u64>,
}

/// How long a successful probe of the storage holds, in milliseconds, so that frequent health checks do not write a row each.
pub(crate) const PROBE_MS: u64 = 1_000;

/// What a shard counts of itself.
#[derive(Debug, Default)]
struct ShardCounts {
    batches: u64,
    /// Visits by [`Verdict`]: counted, duplicate, stale, full.
    verdicts: [u64; 4],
    replayed: u64,
    superseded: u64,
    failures: u64,
}

impl ShardCounts {
    /// Visits that counted.
    fn counted(&self) -> u64 {
        let [counted, ..] = self.verdicts;
        counted
    }

    /// Counts a batch that was answered. `is_new` is false for a retry.
    fn count_batch(&mut self, receipt: &Receipt, is_new: bool) {
        if !is_new {
            self.replayed = self.replayed.saturating_add(1);
            return;
        }
        self.batches = self.batches.saturating_add(1);
        for counted in &receipt.visits {
            let [taken, known, late, full] = &mut self.verdicts;
            let number = match counted.verdict {
                Verdict::Counted => taken,
                Verdict::Duplicate => known,
                Verdict::Stale => late,
                Verdict::Full => full,
            };
            *number = number.saturating_add(1);
        }
    }
}

/// An answer, and what else the Durable Object has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The bytes of an [`Answer`].
    pub bytes: Vec<u8>,
    /// The storage error to log; the answer only says that there is one.
    pub error: Option<StorageError>,
    /// In how many milliseconds [`Shard::push`] is due, where something changed and somebody may watch.
    pub push: Option<u64>,
}

/// Whether a call is an admin command that changes what was counted.
fn is_change(call: &Call<'_>) -> bool {
    match call {
        Call::Sum { call, .. } => decode(call).is_ok_and(|call: Call<'_>| matches!(call, Call::Import(_) | Call::Amend(_))),
        call => matches!(call, Call::Import(_) | Call::Amend(_)),
    }
}

impl<S: Sql + Clone> Shard<S> {
    /// A shard over a database.
    pub fn new(sql: S) -> Self {
        Self { sql, ledger: None, counts: ShardCounts::default(), pace: Pace::new(PUSH_MS), watches: 0, stored_at: None }
    }

    /// Carries out one call. `now` is in milliseconds since 1970. Never fails: a fault is an answer.
    pub fn serve(&mut self, call: &[u8], now: u64) -> Served {
        let mut changes = false;
        let counted = self.counts.counted();
        let answer = match decode(call) {
            Err(_) => Err(LedgerError::Fault(Fault::Malformed)),
            Ok(call) => {
                changes = is_change(&call);
                self.carry_out(&call, now)
            }
        };
        let (answer, error) = match answer {
            Ok(answer) => (answer, None),
            Err(LedgerError::Fault(fault)) => {
                let superseded = u64::from(fault == Fault::Superseded);
                self.counts.superseded = self.counts.superseded.saturating_add(superseded);
                (Answer::Refused(fault), None)
            }
            Err(LedgerError::Storage(error)) => {
                self.stored_at = None;
                self.counts.failures = self.counts.failures.saturating_add(1);
                (Answer::Refused(Fault::Storage), Some(error))
            }
        };
        let mut push = None;
        if (changes || self.counts.counted() > counted) && self.ledger.as_ref().is_some_and(Ledger::is_watched) {
            push = self.pace.changed(now);
        }
        // The memory fits the tables no more.
        if error.is_some() || changes {
            self.ledger = None;
        }
        Served { bytes: encode(&answer), error, push }
    }

    /// The message for watchers, if there may be any, and how many have come so far, for [`Self::pushed`]. `number` is the shard's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn push(&mut self, number: u32, now: u64) -> Result<Option<(Vec<u8>, u64)>, StorageError> {
        self.pace.told(now);
        let watches = self.watches;
        self.without_an_answer(now, |ledger| {
            let pulse = Pulse { shard: number, ..ledger.pulse(now) };
            Ok(ledger.is_watched().then(|| (encode(&Answer::Live(pulse)), watches)))
        })
    }

    /// Notes that nobody watches, as the message of [`Self::push`] was answered; unless somebody came meanwhile.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn pushed(&mut self, watches: u64, now: u64) -> Result<(), StorageError> {
        if watches == self.watches { self.without_an_answer(now, |ledger| ledger.set_watched(false)) } else { Ok(()) }
    }

    /// Writes everything that waits into the tables and forgets what is old, hours after `keep_days`. Returns whether this must be called again after
    /// [`crate::counting::ledger::seen::WINDOW_MS`].
    ///
    /// # Errors
    /// [`StorageError`]; the next call finds a working shard if storage works again.
    pub fn maintain(&mut self, now: u64, keep_days: u32) -> Result<bool, StorageError> {
        let went_back = match self.open_ledger(now) {
            Ok(ledger) if ledger.is_ahead(now) => self.go_back(now),
            other => other.map(|_| ()),
        };
        self.without_an_answer(now, |ledger| went_back.and_then(|()| ledger.maintain(now, keep_days)))
    }

    /// Does work that no caller waits for. If the storage fails, only the shard's counts tell.
    fn without_an_answer<T>(
        &mut self,
        now: u64,
        work: impl FnOnce(&mut Ledger<S>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let outcome = self.open_ledger(now).and_then(work);
        if outcome.is_err() {
            self.ledger = None;
            self.counts.failures = self.counts.failures.saturating_add(1);
        }
        outcome
    }

    fn carry_out(&mut self, call: &Call<'_>, now: u64) -> Result<Answer, LedgerError> {
        if let Call::Register(batch) = call {
            if self.open_ledger(now)?.is_ahead(now) {
                self.go_back(now)?;
            }
            let ledger = self.open_ledger(now)?;
            let before = ledger.written();
            let receipt = ledger.apply(batch, now)?;
            let (is_new, shards) = (ledger.written() > before, ledger.shards());
            self.counts.count_batch(&receipt, is_new);
            return Ok(if shards > 1 { Answer::Among(shards, receipt) } else { Answer::Receipt(receipt) });
        }
        if let Call::Health = call
            && !self.stored_at.is_some_and(|at| (at..at.saturating_add(PROBE_MS)).contains(&now))
        {
            self.open_ledger(now)?.probe(now)?;
            self.stored_at = Some(now);
        }
        if let Call::Metrics | Call::Health = call {
            let held = self.open_ledger(now)?.holds();
            let ShardCounts { batches, verdicts: [counted, duplicates, stale, full], replayed, superseded, failures } =
                self.counts;
            let since = [batches, counted, duplicates, stale, full, replayed, superseded, failures];
            return Ok(Answer::Metrics([since.as_slice(), held.as_slice()].concat()));
        }
        if let Call::Sum { shards, call } = call {
            let known = self.open_ledger(now)?.shards();
            return match decode(call) {
                _ if *shards < known => Err(LedgerError::Fault(Fault::Outgrown(known))),
                Ok(Call::Sum { .. }) | Err(_) => Err(LedgerError::Fault(Fault::Malformed)),
                Ok(call) => self.carry_out(&call, now),
            };
        }
        if let Call::Watch = call {
            self.watches = self.watches.saturating_add(1);
            self.open_ledger(now)?.set_watched(true)?;
        }
        let ledger = self.open_ledger(now)?;
        match call {
            Call::Register(_) | Call::Metrics | Call::Health | Call::Sum { .. } => Err(LedgerError::Fault(Fault::Malformed)),
            Call::Views(Some(page)) => Ok(Answer::Views(ledger.page_views(page)?)),
            Call::Views(None) => Ok(Answer::Views(ledger.views())),
            Call::Seen { day, id } => Ok(Answer::Seen(ledger.seen(*id, *day, now)?)),
            Call::Visitors(day) => Ok(Answer::Visitors(ledger.visitors(*day)?)),
            Call::Report(question) => Ok(Answer::Report(ledger.report(question, now)?)),
            Call::Ask(question) => {
                let (report, names, age) = ledger.answer(question, now)?;
                Ok(Answer::ReportWithAge { report, names, age })
            }
            Call::Export(after) => Ok(Answer::Exported(ledger.export(*after)?)),
            Call::Import(import) => Ok(Answer::Imported(ledger.import(import)?)),
            Call::Amend(amend) => Ok(Answer::Page(ledger.amend(amend)?)),
            Call::Unlisted(notes) => ledger.note_refused(notes, now).map(|()| Answer::Noted),
            Call::Page(page) => Ok(Answer::Page(ledger.page(page)?)),
            Call::Grow(shards) => {
                ledger.grow(*shards)?;
                Ok(Answer::Grown)
            }
            Call::Live | Call::Watch => Ok(Answer::Live(ledger.pulse(now))),
        }
    }

    /// Opens the ledger as of now, after a clock that was ahead.
    fn go_back(&mut self, now: u64) -> Result<(), StorageError> {
        self.open_ledger(now)?.go_back(now)?;
        self.ledger = None;
        Ok(())
    }

    /// The open ledger.
    fn open_ledger(&mut self, now: u64) -> Result<&mut Ledger<S>, StorageError> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => Ledger::open(self.sql.clone(), now)?,
        };
        Ok(self.ledger.insert(ledger))
    }
}
