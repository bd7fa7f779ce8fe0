//! Group commit: a shard's batches, of which those that arrive together are written in one journal row.
//!
//! [`crate::counting::ledger::group`] decides when. The batches of a group are applied in one turn, in the order in which they came, so
//! each sees what those before it changed. A batch that is refused is refused alone. All answers follow the row.

use crate::counting::ledger::group::{WaitingBatch, Written};
use crate::counting::ledger::shard::{Served, Shard};
use crate::counting::ledger::state::LedgerError;
use crate::counting::protocol::answer::{Answer, Fault};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::row::NewRow;
use crate::counting::protocol::wire::{decode, encode, number_of_batch};
use crate::counting::storage::{Sql, StorageError};

/// What the Durable Object has to do after a turn of its shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The bytes of an [`Answer`] for each of these callers.
    pub answers: Vec<(u64, Vec<u8>)>,
    /// The storage error to log; the answers only say that there is one.
    pub error: Option<StorageError>,
    /// In how many milliseconds [`Shard::push`] is due, where something changed and somebody may watch.
    pub push: Option<u64>,
    /// In how many milliseconds a timer is to call [`Shard::rang`], where it must be set.
    pub ring: Option<u64>,
}

impl<S: Sql + Clone> Shard<S> {
    /// Takes a call of a caller, by a number that no other caller of this shard has. A batch may wait for others. Then this gives no
    /// answer for the caller, and a later turn does. `now` is in milliseconds since 1970.
    pub fn take(&mut self, caller: u64, call: Vec<u8>, now: u64) -> Turn {
        let Some((lane, sequence)) = number_of_batch(&call) else {
            let Served { bytes, error, push } = self.carry_out(&call, now);
            return Turn { answers: vec![(caller, bytes)], error, push, ring: None };
        };
        let written = self.group.arrived(WaitingBatch { lane, sequence, call, callers: vec![caller] }, now);
        self.go_on(written, now)
    }

    /// Goes on when a timer of [`Turn::ring`] rang.
    pub fn rang(&mut self, now: u64) -> Turn {
        let written = self.group.rang(now);
        self.go_on(written, now)
    }

    /// Carries out a call at once, also a batch, without others.
    pub fn serve(&mut self, call: &[u8], now: u64) -> Served {
        let Some((lane, sequence)) = number_of_batch(call) else { return self.carry_out(call, now) };
        let mut turn = self.write(vec![WaitingBatch { lane, sequence, call: call.to_vec(), callers: vec![0] }], now);
        let bytes = turn.answers.pop().map(|(_, answer)| answer).unwrap_or_default();
        Served { bytes, error: turn.error, push: turn.push }
    }

    fn go_on(&mut self, written: Written, now: u64) -> Turn {
        match written {
            Written::Now => {
                let group = self.group.take();
                self.write(group, now)
            }
            Written::Later(ring) => Turn { ring, ..Turn::default() },
        }
    }

    /// Writes batches in one journal row, and answers their callers.
    fn write(&mut self, group: Vec<WaitingBatch>, now: u64) -> Turn {
        let counted = self.counts.counted();
        let mut answers = Vec::with_capacity(group.len());
        let error = self.register(&group, &mut answers, now).err();
        if error.is_some() {
            answers.clear();
        }
        let mut turn = Turn { error, ..Turn::default() };
        let mut answers = answers.into_iter();
        for WaitingBatch { callers, .. } in group {
            let (answer, is_new) = answers.next().unwrap_or((Answer::Refused(Fault::Storage), false));
            self.counts.answered(&answer, is_new, callers.len());
            let answer = encode(&answer);
            for caller in callers {
                turn.answers.push((caller, answer.clone()));
            }
        }
        turn.push = self.end_turn(counted, false, turn.error.as_ref(), now);
        turn
    }

    /// Counts batches in one journal row. Gives the answer of each, and whether it is new.
    fn register(&mut self, group: &[WaitingBatch], answers: &mut Vec<(Answer, bool)>, now: u64) -> Result<(), StorageError> {
        if self.open_ledger(now)?.is_ahead(now) {
            self.go_back(now)?;
        }
        let ledger = self.open_ledger(now)?;
        let shards = ledger.shards();
        let (mut row, mut calls) = (NewRow::new(now), 0);
        for WaitingBatch { call, callers, .. } in group {
            let before = row.batches();
            let outcome = match decode(call) {
                Ok(Call::Register(batch)) => {
                    // More shards do not spread what has no visits.
                    calls = if batch.visits.is_empty() { calls } else { callers.len().saturating_add(calls) };
                    ledger.count(&batch, &mut row)
                }
                _ => Err(LedgerError::Fault(Fault::Malformed)),
            };
            let answer = match outcome {
                Ok(receipt) if shards > 1 => Answer::Among(shards, receipt),
                Ok(receipt) => Answer::Receipt(receipt),
                Err(LedgerError::Fault(fault)) => Answer::Refused(fault),
                Err(LedgerError::Storage(error)) => return Err(error),
            };
            answers.push((answer, row.batches() > before));
        }
        let is_written = ledger.append(row)?;
        self.counts.row(is_written);
        self.load.note(&self.sql, calls, now);
        Ok(())
    }
}
