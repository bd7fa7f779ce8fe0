//! Watches the POSTs of isolates: when one may begin, what it carries, and how it ends.

use crate::checker::Checker;
use crate::facts::{Broken, Member, Post, Try};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::{LEAD_GRACE_MS, SLOW_MS};
use footfall::counting::protocol::batch::{MAX_BATCH_VISITS, Receipt};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::decode;

impl Checker {
    /// Records that a leader posts these tries, its own first, with this call in this lane. Returns the number of the post.
    pub(crate) fn posted(&mut self, leader: usize, tries: &[usize], call: &[u8], lane: u8, now: u64) -> usize {
        let number = self.posts.len();
        let Try { isolate, shard, deadline, .. } = self.tries[leader];
        let ways = self.on_the_way.entry((isolate, shard)).or_default();
        let same = ways[usize::from(lane)].replace(number);
        let others = ways.iter().flatten().copied().filter(|other| *other != number && self.posts[*other].slow >= now);
        let early = same.filter(|other| self.posts[*other].lapses >= now).or_else(|| others.min());
        if let Some(other) = early {
            self.fail(Broken::TwoPosts, &[leader], Some(shard), || {
                format!("post {number} in lane {lane} began although post {other} had not ended, lapsed or become slow")
            });
        }
        let members: Vec<Member> = tries.iter().map(|a_try| self.tries[*a_try].member).collect();
        self.check_call(leader, &members, call);
        for (at, member) in members.iter().enumerate() {
            let a_try = &mut self.tries[member.a_try];
            let own = a_try.isolate == isolate && a_try.shard == shard && a_try.posted.is_none() && !a_try.answered;
            let late = a_try.deadline <= now;
            a_try.posted = Some((number, at));
            if late {
                self.fail(Broken::SentLate, &[member.a_try], Some(shard), || format!("post {number} has a visit that is late"));
            }
            if !own {
                self.fail(Broken::BadBatch, &[member.a_try], Some(shard), || {
                    format!("post {number} has a try of another isolate or shard, an answered try, or a try of another post")
                });
            }
        }
        let lapses = deadline + LEAD_GRACE_MS;
        // Once its lead lapses, no visit waits for it, also if it began late and was not slow by then.
        let slow = (now + SLOW_MS).min(lapses);
        self.posts.push(Post { isolate, shard, lane, members, slow, lapses, receipt: None, durable: false, outcome: None });
        self.sums.posts += 1;
        self.sums.aside += u64::from(lane > 0);
        number
    }

    /// Checks that the call describes its members, in their order.
    fn check_call(&mut self, leader: usize, members: &[Member], call: &[u8]) {
        let good = match decode(call) {
            Ok(Call::Register(batch)) => {
                batch.visits.len() == members.len()
                    && (1..=MAX_BATCH_VISITS).contains(&members.len())
                    && members[0].a_try == leader
                    && batch.visits.iter().zip(members).all(|(item, member)| {
                        (item.id, item.visitor, item.day, item.made) == (member.id, member.visitor, member.day, member.made)
                            && batch.pages.get(usize::from(item.page)).is_some_and(|page| *page == self.names.of(member.page))
                    })
            }
            _ => false,
        };
        if !good {
            self.fail(Broken::BadBatch, &[leader], None, || "the call does not describe its visits".to_owned());
        }
    }

    /// Records that a leader's POST ended, as its isolate sees it.
    pub(crate) fn ended(&mut self, post: usize, outcome: &Result<Receipt, Failure>, now: u64) {
        let facts = &mut self.posts[post];
        facts.outcome = Some(outcome.as_ref().map(|_| ()).map_err(Clone::clone));
        self.ended_at.insert((facts.isolate, facts.shard), now);
        let ways = self.on_the_way.entry((facts.isolate, facts.shard)).or_default();
        let way = &mut ways[usize::from(facts.lane)];
        if *way == Some(post) {
            *way = None;
        }
    }

    /// The time since which earlier POSTs no longer keep an isolate from posting to a shard.
    pub(crate) fn open_since(&self, isolate: usize, shard: usize) -> u64 {
        let Some(ways) = self.on_the_way.get(&(isolate, shard)) else { return 0 };
        let posts = || ways.iter().map(|way| way.map(|post| &self.posts[post]));
        let fresh = posts().flatten().map(|post| post.slow).max().unwrap_or(0);
        let taken = posts().map(|post| post.map_or(0, |post| post.lapses)).min().unwrap_or(0);
        fresh.max(taken).max(self.ended_at.get(&(isolate, shard)).copied().unwrap_or(0))
    }

    /// Whether a POST is on its way from an isolate to a shard.
    pub(crate) fn posting(&self, isolate: usize, shard: usize) -> bool {
        self.on_the_way.get(&(isolate, shard)).is_some_and(|ways| ways.iter().any(Option::is_some))
    }
}
