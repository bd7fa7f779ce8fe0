//! The other events of objects: alarms, reads, and restarts after a crash.

use crate::facts::Broken;
use crate::history::About;
use crate::mutation::Mutation;
use crate::object::{Machine, Object, Waits};
use crate::plan::{Fault, MAX_SKEW_MS};
use crate::queue::{Event, Reply};
use crate::world::World;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::seen::WINDOW_MS;
use footfall::counting::model::date::{DAY_MS, day_of, until_over};
use footfall::counting::protocol::answer::{Answer, Fault as Refusal};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};

/// How long the platform waits before it runs a failed alarm again.
const ALARM_RETRY_MS: u64 = 2_000;

impl World {
    /// Sets the alarm if none is set.
    pub(crate) fn set_alarm(&mut self, object: usize) {
        if !self.objects[object].has_alarm {
            self.objects[object].has_alarm = true;
            let local = self.now + self.objects[object].skew;
            let wait = until_over(if object < self.days_object() { WINDOW_MS } else { DAY_MS }, local);
            self.at(self.now + wait, Event::Alarm { object, extra: false });
        }
    }

    /// Lets the alarm go off, when it is due or as an extra run.
    pub(crate) fn alarm(&mut self, object: usize, extra: bool) {
        let away_until = self.objects[object].away_until;
        if away_until > self.now {
            return self.at(away_until, Event::Alarm { object, extra });
        }
        if extra {
            self.struck(Fault::ExtraAlarm);
        }
        self.break_storage(object);
        let now = self.now + self.objects[object].skew;
        let outcome = match &mut self.objects[object].machine {
            Machine::Shard(shard) => shard.maintain(now, KEEP_HOURS_DAYS),
            Machine::Days(days) => days.maintain(now),
        };
        self.history.note(self.now, &[About::Shard(object)], || format!("alarm of s{object}: {outcome:?}"));
        let changes = usize::from(self.begins(object, Some(day_of(now))));
        self.objects[object].store.heal();
        self.turn(object, changes, Vec::new(), None);
        match outcome {
            Err(_) => self.at(self.now + ALARM_RETRY_MS, Event::Alarm { object, extra }),
            Ok(again) if !extra => {
                self.objects[object].has_alarm = false;
                if again {
                    self.set_alarm(object);
                }
            }
            Ok(_) => {}
        }
    }

    /// Reads the views of a page and the total from a shard. The read must give the true numbers or a failure.
    pub(crate) fn read(&mut self, shard: usize) {
        if self.objects[shard].away_until > self.now {
            return;
        }
        let page = self.rng.below(self.plan.pages) as usize;
        let of_page = self.checker.truths[shard].views(page);
        let total = self.checker.truths[shard].total();
        self.break_storage(shard);
        let name = self.checker.names.of(page).to_owned();
        self.ask(shard, &Call::Views(Some(&name)), of_page);
        if let Some(views) = self.ask(shard, &Call::Views(None), total) {
            self.turn(shard, 0, Vec::new(), Some(views));
        }
        self.objects[shard].store.heal();
    }

    fn ask(&mut self, shard: usize, call: &Call<'_>, expected: u64) -> Option<u64> {
        let now = self.now + self.objects[shard].skew;
        let Machine::Shard(machine) = &mut self.objects[shard].machine else { return None };
        let answer = machine.serve(&encode(call), now).bytes;
        let views = match decode(&answer) {
            Ok(Answer::Views(views)) => views,
            Ok(Answer::Refused(Refusal::Storage)) if self.mutation == Mutation::ZeroForError => 0,
            _ => return None,
        };
        if views != expected {
            let text = || format!("{call:?} of s{shard} gave {views} instead of {expected}");
            self.checker.fail(Broken::WrongTotal, &[], Some(shard), text);
        }
        Some(views)
    }

    /// Crashes an object. It loses its memory and all writes that are not durable. Its callers get an exception or no answer.
    pub(crate) fn crash(&mut self, object: usize, away_ms: u64) {
        self.struck(Fault::ObjectRestart);
        self.history.note(self.now, &[About::Shard(object)], || format!("s{object} restarts, and is away for {away_ms} ms"));
        let is_shard = object < self.days_object();
        let skew = self.rng.below(MAX_SKEW_MS);
        let it = &mut self.objects[object];
        it.store.crash();
        if self.mutation == Mutation::CrashLosesAll {
            it.store.lose_everything();
        }
        (it.life, it.skew, it.away_until) = (it.life + 1, skew, self.now + away_ms);
        it.machine = Object::machine(is_shard, &it.store);
        it.last_commit = 0;
        let (turns, waiting) = (std::mem::take(&mut it.turns), std::mem::take(&mut it.waiting));
        if is_shard {
            self.checker.lost(object);
        }
        // Calls whose answer is not durable yet, and calls that wait for others.
        let answered = turns.into_iter().flat_map(|turn| turn.answers).filter_map(|waits| match waits {
            Waits::Caller { exchange, attempt, .. } => Some((exchange, attempt)),
            _ => None,
        });
        let unanswered = waiting.iter().filter(|caller| !caller.echo).map(|caller| (caller.exchange, caller.attempt));
        for (exchange, attempt) in answered.chain(unanswered) {
            if self.rng.chance(5_000) {
                self.reply(exchange, attempt, Reply::Exception);
            }
        }
    }
}
