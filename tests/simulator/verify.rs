//! The end of a run: every shard, recovered from its tables alone, must have the true counts.

use crate::facts::Broken;
use crate::history::About;
use crate::object;
use crate::store::Store;
use crate::world::World;
use footfall::counting::dispatch::days::Days;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::date::day_of;
use footfall::counting::model::dimension::Dimension;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};

impl World {
    pub(crate) fn check_tables(&mut self) {
        let now = self.now;
        let shards = self.days_object();
        let mut used = 0;
        for shard in 0..shards {
            let store = self.objects[shard].store.clone();
            if self.checker.truths[shard].total() > 0 {
                used = shard + 1;
            }
            self.check_shard(shard, &mut object::shard(store.clone()), now);
            let mut checkpointed = object::shard(store.clone());
            let outcome = checkpointed.maintain(now, KEEP_HOURS_DAYS);
            if outcome.is_err() {
                self.checker.fail(Broken::WrongTotal, &[], Some(shard), || format!("the last checkpoint failed: {outcome:?}"));
            }
            self.check_shard(shard, &mut checkpointed, now);
            self.check_hours(shard, &store);
        }
        // A reader asks as many shards as the day record says, even if the owner has reduced `SHARDS` since.
        let days = Days::new(self.objects[shards].store.clone());
        match days.record(day_of(now), 1, [7; 16], now) {
            Ok(Some(record)) if usize::from(record.shards) >= used => {}
            other => self
                .checker
                .fail(Broken::WrongTotal, &[], None, || format!("{used} shards have views, but the days object gives {other:?}")),
        }
    }

    fn check_shard(&mut self, shard: usize, machine: &mut Shard<Store>, now: u64) {
        let checker = &mut self.checker;
        let mut ask = |call: &Call<'_>| decode(&machine.serve(&encode(call), now).bytes).ok();
        let mut wrong = None;
        let total = ask(&Call::Views(None));
        if total != Some(Answer::Views(checker.truths[shard].total())) {
            wrong = Some(format!("a total of {} views: {total:?}", checker.truths[shard].total()));
        }
        let mut sum = 0;
        for (page, views) in checker.truths[shard].pages() {
            let name = checker.names.of(page);
            let answer = ask(&Call::Views(Some(name)));
            sum += views;
            if answer != Some(Answer::Views(views)) {
                wrong = Some(format!("{views} views of {name}: {answer:?}"));
            }
        }
        if sum != checker.truths[shard].total() {
            wrong = Some(format!("the pages have {sum} of {} views", checker.truths[shard].total()));
        }
        for day in checker.truths[shard].days() {
            let visitors = checker.truths[shard].visitors(day);
            let answer = ask(&Call::Visitors(day));
            if answer != Some(Answer::Visitors(visitors)) {
                wrong = Some(format!("the visitors of day {day}, {visitors:?}: {answer:?}"));
            }
        }
        if let Some(wrong) = wrong {
            self.history.note(now, &[About::Shard(shard)], || format!("s{shard} at the end: {wrong}"));
            checker.fail(Broken::WrongTotal, &[], Some(shard), || format!("s{shard} does not give {wrong}"));
        }
    }

    /// After a checkpoint, the hours of each page must add up to its views. The quarters and details of the site must add up to
    /// the views of the site.
    fn check_hours(&mut self, shard: usize, store: &Store) {
        let checker = &mut self.checker;
        let wrong = checker.truths[shard].pages().find_map(|(page, views)| {
            let name = checker.names.of(page);
            let hours = store.views_by_hours(name);
            (hours != views as i64).then(|| format!("the hours of {name} have {hours} of {views} views"))
        });
        let total = checker.truths[shard].total() as i64;
        let sums = [
            store.views_by_site_hours(),
            store.views_by_details(Dimension::Country),
            store.views_by_details(Dimension::Referrer),
        ];
        let of_site = (sums != [total; 3]).then(|| format!("{total} views, but by hours, countries and referrers {sums:?}"));
        if let Some(wrong) = wrong.or(of_site) {
            checker.fail(Broken::WrongTotal, &[], Some(shard), || format!("s{shard}: {wrong}"));
        }
    }
}
