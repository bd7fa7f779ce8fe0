//! One shard of a site: takes calls as bytes, and returns answers as bytes. Its Durable Object is in `src/edge/objects/shard.rs`.

use crate::counting::ledger::group::Group;
use crate::counting::ledger::load::LoadMeter;
use crate::counting::ledger::seen::WINDOW_MS;
use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::shard_counts::ShardCounts;
use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::live::pace::{PUSH_MS, Pace};
use crate::counting::live::pulse::Pulse;
use crate::counting::model::date::{Day, day_of, until_over};
use crate::counting::protocol::answer::{Answer, Fault};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::load::ShardLoad;
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::{Sql, StorageError};

/// A shard. It opens its ledger at its first call.
#[derive(Debug)]
pub struct Shard<S> {
    pub(super) sql: S,
    instance: Instance,
    ledger: Option<Ledger<S>>,
    pub(super) counts: ShardCounts,
    /// The calls that it got, whatever ledgers it opened.
    pub(super) load: LoadMeter,
    /// The batches that wait to be written.
    pub(super) group: Group,
    /// When it next tells watchers.
    pace: Pace,
    /// How many watchers came since the object started.
    watches: u64,
    /// When a probe of the storage last succeeded, in milliseconds since 1970; `None` once the storage failed.
    stored_at: Option<u64>,
    /// Whether the last maintenance left rows of sets to be dropped.
    forgets: bool,
}

/// When maintenance goes on that was too long for one turn, in milliseconds. Visits are counted in between.
const SOON_MS: u64 = 1_000;

/// How long a successful probe of the storage holds, in milliseconds, so that frequent health checks do not write a row each.
pub(crate) const PROBE_MS: u64 = 1_000;

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
    pub fn new(sql: S, instance: Instance) -> Self {
        let (counts, load, group) = (ShardCounts::default(), LoadMeter::default(), Group::default());
        let pace = Pace::new(PUSH_MS);
        Self { sql, instance, ledger: None, forgets: false, counts, load, group, pace, watches: 0, stored_at: None }
    }

    /// Carries out a call other than a batch. `now` is in milliseconds since 1970. Never fails: a fault is an answer.
    pub(super) fn carry_out(&mut self, call: &[u8], now: u64) -> Served {
        let mut changes = false;
        let answer = match decode(call) {
            Err(_) => Err(LedgerError::Fault(Fault::Malformed)),
            Ok(call) => {
                changes = is_change(&call);
                self.answer(&call, now)
            }
        };
        let (answer, error) = match answer {
            Ok(answer) => (answer, None),
            Err(LedgerError::Fault(fault)) => (Answer::Refused(fault), None),
            Err(LedgerError::Storage(error)) => (Answer::Refused(Fault::Storage), Some(error)),
        };
        let push = self.end_turn(self.counts.counted(), changes, error.as_ref(), now);
        Served { bytes: encode(&answer), error, push }
    }

    /// Ends a turn before which `counted` visits had counted. Returns in how many milliseconds a push is due.
    pub(super) fn end_turn(&mut self, counted: u64, changes: bool, error: Option<&StorageError>, now: u64) -> Option<u64> {
        let is_news = changes || self.counts.counted() > counted;
        let is_watched = self.ledger.as_ref().is_some_and(Ledger::is_watched);
        let push = if is_news && is_watched { self.pace.changed(now) } else { None };
        if error.is_some() {
            self.stored_at = None;
            self.counts.failed();
        }
        // The memory fits the tables no more.
        if error.is_some() || changes {
            self.ledger = None;
        }
        push
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

    /// Writes everything that waits into the tables and forgets what is old, hours after `keep_days`. Returns whether this must be called
    /// again, at [`Self::next_maintenance`].
    ///
    /// # Errors
    /// [`StorageError`]; the next call finds a working shard if storage works again.
    pub fn maintain(&mut self, now: u64, keep_days: u32) -> Result<bool, StorageError> {
        let went_back = match self.open_ledger(now) {
            Ok(ledger) if ledger.is_ahead(now) => self.go_back(now),
            other => other.map(|_| ()),
        };
        self.forgets = false;
        let again = self.without_an_answer(now, |ledger| went_back.and_then(|()| ledger.maintain(now, keep_days)))?;
        self.forgets = self.ledger.as_ref().is_some_and(Ledger::has_rows_to_drop);
        Ok(again || self.forgets)
    }

    /// In how many milliseconds [`Self::maintain`] is due: when a window is over, but soon if the last one could not drop all rows.
    pub fn next_maintenance(&self, now: u64) -> u64 {
        if self.forgets { SOON_MS } else { until_over(WINDOW_MS, now) }
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
            self.counts.failed();
        }
        outcome
    }

    fn answer(&mut self, call: &Call<'_>, now: u64) -> Result<Answer, LedgerError> {
        if let Call::Health = call
            && !self.stored_at.is_some_and(|at| (at..at.saturating_add(PROBE_MS)).contains(&now))
        {
            self.open_ledger(now)?.probe(now)?;
            self.stored_at = Some(now);
        }
        if let Call::Metrics | Call::Health = call {
            let held = self.open_ledger(now)?.holds();
            let ShardLoad { calls, full } = self.load(day_of(now), now)?;
            return Ok(Answer::Metrics(self.counts.with(&held, [calls, full])));
        }
        if let Call::Sum { shards, call } = call {
            let known = self.open_ledger(now)?.shards();
            return match decode(call) {
                _ if *shards < known => Err(LedgerError::Fault(Fault::Outgrown(known))),
                Ok(Call::Sum { .. }) | Err(_) => Err(LedgerError::Fault(Fault::Malformed)),
                Ok(call) => self.answer(&call, now),
            };
        }
        if let Call::Load(day) = call {
            return Ok(Answer::Load(self.load(*day, now)?));
        }
        if let Call::Watch = call {
            self.watches = self.watches.saturating_add(1);
            self.open_ledger(now)?.set_watched(true)?;
        }
        let ledger = self.open_ledger(now)?;
        match call {
            Call::Register(_) | Call::Metrics | Call::Health | Call::Load(_) | Call::Sum { .. } => {
                Err(LedgerError::Fault(Fault::Malformed))
            }
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

    /// What the shard had to carry on a day.
    fn load(&mut self, day: Day, now: u64) -> Result<ShardLoad, StorageError> {
        let full = self.open_ledger(now)?.fullness(day);
        Ok(ShardLoad { calls: self.load.of(&self.sql, day, now)?, full })
    }

    /// Opens the ledger as of now, after a clock that was ahead.
    pub(super) fn go_back(&mut self, now: u64) -> Result<(), StorageError> {
        self.open_ledger(now)?.go_back(now)?;
        self.ledger = None;
        Ok(())
    }

    /// The open ledger.
    pub(super) fn open_ledger(&mut self, now: u64) -> Result<&mut Ledger<S>, StorageError> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => Ledger::open(self.sql.clone(), now, &self.instance)?,
        };
        Ok(self.ledger.insert(ledger))
    }
}
