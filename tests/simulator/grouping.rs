//! Calls in their shard: those that wait to be written with others, the timer of their group, and the end of a turn. As in
//! `edge::objects::shard`.

use crate::facts::Broken;
use crate::history::About;
use crate::mutation::Mutation;
use crate::object::{Machine, Waits};
use crate::queue::Event;
use crate::world::World;
use footfall::counting::ledger::commit::Turn;
use footfall::counting::ledger::group::GROUP_MS;
use footfall::counting::model::date::Day;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::{Counted, Receipt, Verdict};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};

/// A call that its shard has not answered yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Its number in the shard.
    pub(crate) number: u64,
    pub(crate) exchange: usize,
    pub(crate) attempt: u32,
    pub(crate) echo: bool,
    post: Option<usize>,
    /// The isolate and the number of its batch, as the shard sees them.
    batch: Option<(u128, u64)>,
    since: u64,
}

impl World {
    /// Lets a shard take a call.
    pub(crate) fn take(&mut self, object: usize, exchange: usize, attempt: u32, echo: bool, mut call: Vec<u8>) {
        let post = self.exchanges[exchange].post();
        if let Ok(Call::Register(mut batch)) = decode(&call)
            && self.objects[object].waiting.iter().any(|caller| caller.batch == Some((batch.isolate, batch.sequence)))
        {
            self.checker.sums.joined += 1;
            if self.mutation == Mutation::CountSecond {
                batch.isolate = batch.isolate.wrapping_add(self.now.into());
                call = encode(&Call::Register(batch));
            }
        }
        let (mut batch, mut day, mut early) = (None, None, None);
        match decode(&call) {
            Ok(Call::Register(it)) => {
                batch = Some((it.isolate, it.sequence));
                let line = Counted { verdict: Verdict::Counted, other: false, views: 1 };
                early = Some(encode(&Answer::Receipt(Receipt { visits: vec![line; it.visits.len()] })));
            }
            Ok(Call::Seen { day: of, .. }) => day = Some(of),
            _ => {}
        }
        let now = self.now + self.objects[object].skew;
        let it = &mut self.objects[object];
        let before = it.store.appended();
        it.callers += 1;
        let number = it.callers;
        it.waiting.push(Caller { number, exchange, attempt, echo, post, batch, since: self.now });
        let Machine::Shard(shard) = &mut it.machine else { return };
        let turn = shard.take(number, call, now);
        if turn.answers.is_empty() {
            let about = [post.map_or(About::Try(self.exchanges[exchange].a_try), About::Post), About::Shard(object)];
            self.history.note(self.now, &about, || format!("attempt {attempt} of {post:?} waits in s{object} for others"));
            if let (Mutation::AnswerWaiting, Some(answer), false) = (self.mutation, early, echo) {
                self.send_back(exchange, attempt, answer.into());
            }
        }
        self.end_turn(object, turn, before, day);
    }

    /// Lets the timer of a shard's group ring.
    pub(crate) fn ring(&mut self, object: usize, life: u32) {
        if self.objects[object].life != life || self.mutation == Mutation::NoRing {
            return;
        }
        self.break_storage(object);
        let now = self.now + self.objects[object].skew;
        let it = &mut self.objects[object];
        let before = it.store.appended();
        let Machine::Shard(shard) = &mut it.machine else { return };
        let turn = shard.rang(now);
        self.end_turn(object, turn, before, None);
    }

    /// Ends a turn of a shard: notes what it wrote, and has its answers sent once that is durable.
    fn end_turn(&mut self, object: usize, turn: Turn, before: u64, day: Option<Day>) {
        let rows = self.objects[object].store.appended() - before;
        let mut changes = usize::from(self.begins(object, day));
        self.objects[object].store.heal();
        if let Some(ms) = turn.ring {
            let life = self.objects[object].life;
            self.timer(ms, Event::Ring { object, life });
        }
        if rows > 1 {
            self.checker.fail(Broken::CountedTwice, &[], Some(object), || format!("one turn wrote {rows} journal rows"));
        }
        if rows == 1 {
            let row = self.objects[object].store.newest();
            let callers = &self.objects[object].waiting;
            let posts: Vec<_> = callers.iter().filter_map(|caller| Some((caller.batch?, caller.post?))).collect();
            changes += self.checker.written(object, &row, &posts);
        }
        let mut answers = turn.answers;
        if self.mutation == Mutation::MixReceipts && answers.len() > 1 {
            let first = answers[0].1.clone();
            for at in 1..answers.len() {
                answers[at - 1].1 = answers[at].1.clone();
            }
            let last = answers.len() - 1;
            answers[last].1 = first;
        }
        let (some, mut waits, mut last) = (!answers.is_empty(), Vec::new(), None);
        for (number, answer) in answers {
            let Some(at) = self.objects[object].waiting.iter().position(|caller| caller.number == number) else {
                self.checker.fail(Broken::WrongAnswer, &[], Some(object), || "an answer for nobody".to_owned());
                continue;
            };
            let Caller { exchange, attempt, echo, post, .. } = self.objects[object].waiting[at];
            if self.mutation == Mutation::ForgetSecond && post.is_some() && post == last {
                continue;
            }
            last = post;
            self.objects[object].waiting.remove(at);
            let answer = self.forge_receipt(answer, rows);
            if let Some(post) = post {
                self.history.note(self.now, &[About::Post(post), About::Shard(object)], || {
                    let which = if echo { "an echo of " } else { "" };
                    let said: Result<Answer, _> = decode(&answer);
                    format!("{which}attempt {attempt} of post {post} at s{object}: {rows} rows, {}", brief(&said))
                });
                self.checker.served(post, &answer);
            }
            if !echo {
                waits.push(Waits::Caller { exchange, attempt, answer: answer.into() });
            }
        }
        self.held(object);
        if some || changes > 0 {
            self.turn(object, changes, waits, None);
        }
    }

    /// Checks that no call has waited in a shard for longer than a group may, and its timer may be late.
    pub(crate) fn held(&mut self, object: usize) {
        let most = GROUP_MS + self.plan.late_ms;
        let held = self.objects[object].waiting.iter().find(|caller| self.now > caller.since + most);
        if let Some(Caller { post, since, .. }) = held.copied() {
            let waited = self.now - since;
            let tries: Vec<usize> = post.map(|post| self.checker.posts[post].members[0].a_try).into_iter().collect();
            self.checker.fail(Broken::HeldUp, &tries, Some(object), || format!("post {post:?} has waited for {waited} ms"));
        }
    }
}

/// An answer in a few words.
fn brief<E>(answer: &Result<Answer, E>) -> String {
    match answer {
        Ok(Answer::Receipt(Receipt { visits }) | Answer::Among(_, Receipt { visits })) => {
            format!("a receipt, views {:?}", visits.first().map(|counted| counted.views))
        }
        Ok(answer) => format!("{answer:?}"),
        Err(_) => "unreadable".to_owned(),
    }
}
