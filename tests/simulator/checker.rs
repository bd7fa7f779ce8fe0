//! Watches a run and reports the first broken promise.
//!
//! The checker sees only what is visible from outside: requests, POSTs, journal rows and answers. It keeps its own account
//! of what must be counted ([`Truth`]), and does not trust what the code under test reports about itself.
//! [`crate::posting`] watches the POSTs, and [`crate::answers`] judges the answers.

use crate::facts::{Broken, GUEST, Member, Names, PROBE, Post, Sums, Try, Violation};
use crate::truth::Truth;
use footfall::counting::dispatch::lanes::LANES;
use footfall::counting::model::date::Day;
use footfall::counting::model::minute::Minute;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, Withheld};
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::{Batch, Receipt, Verdict};
use footfall::counting::protocol::row::{Row, RowBatch};
use footfall::counting::protocol::wire::decode;
use std::collections::{BTreeMap, HashMap};

/// See the module.
#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) tries: Vec<Try>,
    pub(crate) names: Names,
    pub(crate) truths: Vec<Truth>,
    pub(crate) broken: Option<Violation>,
    pub(crate) posts: Vec<Post>,
    /// The shard that counted an id, and the try that brought it.
    pub(crate) ids: HashMap<Fingerprint, (usize, usize)>,
    /// The POSTs on their way from an isolate to a shard, by lane.
    pub(crate) on_the_way: HashMap<(usize, usize), [Option<usize>; LANES]>,
    /// When the last POST from an isolate to a shard ended.
    pub(crate) ended_at: HashMap<(usize, usize), u64>,
    pub(crate) slack_ms: u64,
    pub(crate) sums: Sums,
}

impl Checker {
    pub(crate) fn new(shards: usize, names: Names, slack_ms: u64) -> Self {
        Self {
            tries: Vec::new(),
            names,
            truths: (0..shards).map(|_| Truth::default()).collect(),
            broken: None,
            posts: Vec::new(),
            ids: HashMap::new(),
            on_the_way: HashMap::new(),
            ended_at: HashMap::new(),
            slack_ms,
            sums: Sums::default(),
        }
    }

    /// Records a broken promise. Only the first one counts.
    pub(crate) fn fail(&mut self, broken: Broken, tries: &[usize], shard: Option<usize>, text: impl FnOnce() -> String) {
        if self.broken.is_none() {
            self.broken = Some(Violation { broken, text: text(), tries: tries.to_vec(), shard });
        }
    }

    /// Records that a request came to an isolate. Returns the number of the try.
    pub(crate) fn came(&mut self, visit: usize, page: usize, id: Option<Fingerprint>, isolate: usize, deadline: u64) -> usize {
        let a_try = self.tries.len();
        let visitor = Visitor::Withheld(Withheld::NoAddress);
        self.tries.push(Try {
            member: Member { a_try, page, id, visitor, day: 0, made: None },
            visit,
            isolate,
            shard: usize::MAX,
            deadline,
            since: u64::MAX,
            posted: None,
            answered: false,
            acked: false,
            refused: false,
            excused: false,
            person: None,
            person_lost: false,
            counted: 0,
        });
        a_try
    }

    /// Records that a request was routed, for the first time or again.
    pub(crate) fn routed(&mut self, a_try: usize, shard: usize, day: Day, visitor: Visitor, made: Option<Minute>) {
        let facts = &mut self.tries[a_try];
        facts.member = Member { visitor, day, made, ..facts.member };
        facts.shard = shard;
        facts.posted = None;
    }

    /// The name of a try for a reader: its visit and its own number.
    pub(crate) fn name(&self, a_try: usize) -> String {
        match self.tries[a_try].visit {
            PROBE => format!("probe#{a_try}"),
            GUEST => format!("guest#{a_try}"),
            visit => format!("v{visit}#{a_try}"),
        }
    }

    /// Records that this try needs no answer any more.
    pub(crate) fn excuse(&mut self, a_try: usize) {
        if !self.tries[a_try].answered && !self.tries[a_try].excused {
            self.tries[a_try].excused = true;
            self.sums.excused += 1;
        }
    }

    /// Records that the shard appended this row to its journal. `posts` are those of the calls that it may have batches of, by the
    /// isolate and the number of the batch. Returns how many batches the row has.
    pub(crate) fn written(&mut self, shard: usize, row: &[u8], posts: &[((u128, u64), usize)]) -> usize {
        let Ok(row) = Row::read(row) else {
            self.fail(Broken::WrongReceipt, &[], Some(shard), || "a journal row is unreadable".to_owned());
            return 0;
        };
        self.sums.rows += 1;
        if row.batches.len() > 1 {
            self.sums.shared += row.batches.len() as u64;
        }
        let mut changes = 0;
        for RowBatch { batch, receipt, .. } in row.batches {
            let number = (batch.isolate, batch.sequence);
            match posts.iter().find(|(known, _)| *known == number) {
                Some((_, post)) => self.applied(*post, shard, &batch, receipt),
                None => {
                    self.fail(Broken::CountedTwice, &[], Some(shard), || "a row has a batch that nobody sent".to_owned());
                    break;
                }
            }
            changes += 1;
        }
        changes
    }

    /// Records that the shard applied a post's batch.
    fn applied(&mut self, post: usize, shard: usize, batch: &Batch<'_>, receipt: Receipt) {
        let members = std::mem::take(&mut self.posts[post].members);
        let pages: BTreeMap<u16, usize> =
            batch.visits.iter().zip(&members).map(|(item, member)| (item.page, member.page)).collect();
        let ids = &mut self.ids;
        let mut elsewhere = None;
        let expected = self.truths[shard].apply(post, &members, pages.into_values(), |member| match member.id {
            None => false,
            Some(id) => match ids.get(&id) {
                Some((there, _)) if *there == shard => true,
                Some((_, other)) => {
                    elsewhere = Some((member.a_try, *other));
                    false
                }
                None => {
                    ids.insert(id, (shard, member.a_try));
                    false
                }
            },
        });
        if let Some((one, other)) = elsewhere {
            self.fail(Broken::CountedTwice, &[one, other], Some(shard), || "two shards counted the same id".to_owned());
        }
        for (member, counted) in members.iter().zip(&receipt.visits) {
            if counted.verdict != Verdict::Counted {
                continue;
            }
            self.tries[member.a_try].counted += 1;
            let first = member.id.and_then(|id| self.ids.get(&id)).map_or(member.a_try, |(_, first)| *first);
            if self.tries[member.a_try].counted > 1 || first != member.a_try {
                let tries = [member.a_try, first];
                self.fail(Broken::CountedTwice, &tries, Some(shard), || format!("post {post} counts a visit a second time"));
            }
        }
        if expected != receipt.visits {
            let tries: Vec<usize> = members.iter().map(|member| member.a_try).take(1).collect();
            let pairs = receipt.visits.iter().zip(&expected).zip(&members);
            let wrong: Vec<_> = pairs.filter(|((got, expected), _)| got != expected).take(3).collect();
            self.fail(Broken::WrongReceipt, &tries, Some(shard), || {
                format!("post {post} has wrong lines, each (got, expected) with its visit: {wrong:?}")
            });
        }
        self.posts[post].members = members;
        self.posts[post].receipt = Some(receipt);
    }

    /// Records that a shard began a day without a batch.
    pub(crate) fn began(&mut self, shard: usize, day: Day) {
        self.truths[shard].begin(day);
    }

    /// Records that the oldest changes of a shard became durable. `changes` is their number.
    pub(crate) fn committed(&mut self, shard: usize, changes: usize) {
        for _ in 0..changes {
            let Some(change) = self.truths[shard].commit() else { return };
            let Some(post) = change.post else { continue };
            self.posts[post].durable = true;
            for (a_try, _) in change.counted {
                if self.tries[a_try].refused {
                    self.counted_refused(a_try, shard);
                }
            }
        }
    }

    /// Records that a shard lost every change that was not durable.
    pub(crate) fn lost(&mut self, shard: usize) {
        while let Some(change) = self.truths[shard].take_back() {
            change.guests.iter().for_each(|guest| self.tries[*guest].counted -= 1);
            for (a_try, _) in &change.counted {
                self.tries[*a_try].counted -= 1;
                if let Some(id) = self.tries[*a_try].member.id {
                    self.ids.remove(&id);
                }
            }
            let Some(post) = change.post.map(|post| &mut self.posts[post]) else { continue };
            if !post.durable {
                post.receipt = None;
            }
            let acked = post.members.iter().find(|member| self.tries[member.a_try].acked).copied();
            if let Some(member) = acked {
                self.fail(Broken::AckNotStored, &[member.a_try], Some(shard), || "an acknowledged visit was lost".to_owned());
            }
        }
    }

    /// Checks a shard's answer to a call of this post.
    pub(crate) fn served(&mut self, post: usize, answer: &[u8]) {
        let Ok(Answer::Receipt(receipt)) = decode(answer) else { return };
        let facts = &self.posts[post];
        let (shard, tries) = (facts.shard, [facts.members[0].a_try]);
        match facts.receipt.as_ref().map(|stored| *stored == receipt) {
            Some(true) => {}
            Some(false) => self
                .fail(Broken::WrongReceipt, &tries, Some(shard), || format!("post {post} got a different receipt than before")),
            None => self.fail(Broken::AckNotStored, &tries, Some(shard), || {
                format!("post {post} got a receipt, but the journal has no row")
            }),
        }
    }
}
