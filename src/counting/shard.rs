//! One shard of a site: takes calls as bytes, gives answers as bytes. `edge::shard_object` is its Durable Object.

use super::ledger::{Ledger, LedgerError, Sql, StorageError};
use super::wire::{Answer, Call, Fault, decode, encode};

/// A shard, asleep until its first call.
#[derive(Debug)]
pub struct Shard<S> {
    sql: S,
    ledger: Option<Ledger<S>>,
}

/// An answer, and what the shell should log of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The bytes of an [`Answer`].
    pub bytes: Vec<u8>,
    /// The storage error that the answer only hints at.
    pub error: Option<StorageError>,
}

impl<S: Sql + Clone> Shard<S> {
    /// A shard over a database.
    pub fn new(sql: S) -> Self {
        Self { sql, ledger: None }
    }

    /// Carries out one call. `now` is in milliseconds since 1970. Never fails: a fault is an answer.
    pub fn serve(&mut self, call: &[u8], now: u64) -> Served {
        let mut changes = false;
        let answer = match decode(call) {
            Err(_) => Err(LedgerError::Fault(Fault::Malformed)),
            Ok(call) => {
                changes = matches!(call, Call::Import(_) | Call::Amend(_));
                self.carry_out(&call, now)
            }
        };
        let (answer, error) = match answer {
            Ok(answer) => (answer, None),
            Err(LedgerError::Fault(fault)) => (Answer::Refused(fault), None),
            Err(LedgerError::Storage(error)) => (Answer::Refused(Fault::Storage), Some(error)),
        };
        // What an owner changed is read anew, too.
        if error.is_some() || changes {
            self.ledger = None;
        }
        Served { bytes: encode(&answer), error }
    }

    /// Folds and forgets, hours after `keep_days`; returns whether this must be called again after [`super::ledger::seen::WINDOW_MS`].
    ///
    /// # Errors
    /// [`StorageError`]; the next call finds a working shard if storage works again.
    pub fn maintain(&mut self, now: u64, keep_days: u32) -> Result<bool, StorageError> {
        let outcome = self.awake(now).and_then(|ledger| ledger.maintain(now, keep_days));
        if outcome.is_err() {
            self.ledger = None;
        }
        outcome
    }

    fn carry_out(&mut self, call: &Call<'_>, now: u64) -> Result<Answer, LedgerError> {
        let ledger = self.awake(now)?;
        match call {
            Call::Register(batch) => Ok(Answer::Receipt(ledger.apply(batch, now)?)),
            Call::OldRegister(batch) => Ok(Answer::Receipt(ledger.apply(&batch.clone().into(), now)?)),
            Call::Views(Some(page)) => Ok(Answer::Views(ledger.page_views(page)?)),
            Call::Views(None) => Ok(Answer::Views(ledger.views())),
            Call::Seen { day, id } => Ok(Answer::Seen(ledger.seen(*id, *day, now)?)),
            Call::Visitors(day) => Ok(Answer::Visitors(ledger.visitors(*day)?)),
            Call::Report(question) => Ok(Answer::Report(ledger.report(question, now)?)),
            Call::Export(after) => Ok(Answer::Exported(ledger.export(*after)?)),
            Call::Import(import) => Ok(Answer::Imported(ledger.import(import)?)),
            Call::Amend(amend) => Ok(Answer::Page(ledger.amend(amend)?)),
            Call::Page(page) => Ok(Answer::Page(ledger.page(page)?)),
        }
    }

    fn awake(&mut self, now: u64) -> Result<&mut Ledger<S>, StorageError> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => Ledger::open(self.sql.clone(), now)?,
        };
        Ok(self.ledger.insert(ledger))
    }
}
