//! What a seed stands for: how large the world is, how its visits come, and which faults strike how often.
//!
//! Each seed leaves some kinds of fault out (swarm testing, Groce et al., 2012): where everything strikes at once, one kind
//! hides what another would show.

use crate::rng::Rng;
use footfall::counting::model::date::DAY_MS;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A call never arrives.
    LostRequest,
    /// A call is carried out, and its answer is lost.
    LostReply,
    /// A call arrives once more, perhaps after later ones.
    Duplicate,
    /// A call or an answer takes far longer than others.
    Delay,
    /// The platform answers a call with `overloaded`: refused, or carried out all the same.
    Overload,
    /// A statement fails without an effect.
    StorageFailed,
    /// A statement reports a failure after it took effect.
    StorageFailedApplied,
    /// An isolate is thrown away with all that it holds.
    IsolateDeath,
    /// The request that leads a POST is killed: it never runs again, its isolate goes on.
    LeaderKilled,
    /// A request that waits for another is killed.
    WaiterKilled,
    /// An object loses its memory and what was not durable yet.
    ObjectRestart,
    /// A call meets an object that is away for a while after a restart.
    ObjectAway,
    /// The client has left: nobody reads the answer.
    ClientGone,
    /// The answer is lost on its way to the client, which does not know what became of its visit.
    AnswerLost,
    /// A timer, or a turn that another request asked for, comes late.
    LateTimer,
    /// An object's alarm runs once more than it is due.
    ExtraAlarm,
}

pub(crate) const FAULTS: [Fault; 16] = [
    Fault::LostRequest,
    Fault::LostReply,
    Fault::Duplicate,
    Fault::Delay,
    Fault::Overload,
    Fault::StorageFailed,
    Fault::StorageFailedApplied,
    Fault::IsolateDeath,
    Fault::LeaderKilled,
    Fault::WaiterKilled,
    Fault::ObjectRestart,
    Fault::ObjectAway,
    Fault::ClientGone,
    Fault::AnswerLost,
    Fault::LateTimer,
    Fault::ExtraAlarm,
];

/// How long after a POST began its calls may still arrive. A shard remembers a batch for 60 s after it came, clocks
/// differ by up to 2 s here, and a POST lives 25 s at most: an older call would be a different platform.
pub(crate) const MAX_FLIGHT_MS: u64 = 50_000;

/// How far two clocks may differ.
pub(crate) const MAX_SKEW_MS: u64 = 1_000;

/// A world before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) isolates: usize,
    /// `SHARDS` at first, and from some moment of the burst on.
    pub(crate) shards: u16,
    pub(crate) shards_then: u16,
    pub(crate) grows_at: u64,
    pub(crate) pages: u64,
    pub(crate) visits: usize,
    /// Of 10,000 visits, how many have an id from their caller.
    pub(crate) with_id: u64,
    /// Of 10,000 visits, how many have a visitor.
    pub(crate) with_visitor: u64,
    /// `COUNTER_TIMEOUT_MS`.
    pub(crate) timeout_ms: u64,
    /// How late a timer may be.
    pub(crate) late_ms: u64,
    /// A usual way from an isolate to a shard.
    pub(crate) way_ms: u64,
    /// How long until a write is durable.
    pub(crate) commit_ms: u64,
    /// When the first visit comes, in milliseconds since 1970.
    pub(crate) start: u64,
    /// How long new visits come.
    pub(crate) burst_ms: u64,
    /// How many visits share an isolate and a moment.
    pub(crate) crowd: u64,
    /// After how many milliseconds clients repeat visits of the first burst, if they do.
    pub(crate) echo_after: Option<u64>,
    /// One fault strikes once, at this of its chances.
    pub(crate) once: Option<(Fault, u64)>,
    /// How many sums over all shards are asked.
    pub(crate) sums: u64,
    /// How many calls the day's object takes a second, if there is a limit.
    pub(crate) days_cap: Option<u64>,
    /// Of 10,000 isolates, how many cannot reach the day's object any more from some time on.
    pub(crate) cut: u64,
    pub(crate) cut_at: u64,
    /// A moment at which half of the visits come within a second.
    pub(crate) peak: Option<u64>,
    /// How often each fault strikes, of 10,000 chances.
    rates: [u64; FAULTS.len()],
}

impl Plan {
    pub(crate) fn of(seed: u64, rng: &mut Rng) -> Self {
        let mut rates = [0; FAULTS.len()];
        for rate in &mut rates {
            if rng.chance(4_500) {
                *rate = rng.pick(&[20, 100, 500, 1_500, 4_000]);
            }
        }
        // Seeds at these places of each thousand are worlds of their own.
        let (isolates, shards, visits) = match seed % 1_000 {
            // Hundreds of isolates and shards.
            7 | 107 | 207 | 307 | 407 | 507 | 607 | 707 | 807 | 907 => {
                (rng.between(100, 400), rng.between(64, 256), rng.between(2_000, 6_000))
            }
            // One isolate is flooded while its shard is down; see `World::new`.
            13 => (1, 1, 12_000),
            // More pages than a shard keeps apart.
            17 => (rng.between(2, 20), 1, 11_000),
            // Long enough for checkpoints of a full journal.
            place if place % 100 == 21 => (rng.between(2, 12), rng.between(1, 2), rng.between(2_000, 4_000)),
            _ => (rng.between(1, 12), rng.between(1, 8), rng.between(20, 250)),
        };
        let pages = if seed % 1_000 == 17 { 10_200 } else { rng.pick(&[1, 3, 40]) };
        let burst_ms = rng.pick(&[200, 2_000, 20_000, 60_000]);
        // Two in five worlds see a midnight, and half of those more shards from then on.
        let midnight = 20_000 * DAY_MS;
        let start = if rng.chance(4_000) { midnight - rng.below(burst_ms + 2_000) } else { midnight + rng.below(DAY_MS) };
        let shards_then = if rng.chance(5_000) { (shards * rng.between(1, 3)).min(256) } else { shards };
        let mut plan = Self {
            seed,
            isolates: isolates as usize,
            shards: shards as u16,
            shards_then: shards_then as u16,
            grows_at: start + rng.below(burst_ms),
            pages,
            visits: visits as usize,
            with_id: rng.pick(&[0, 3_000, 5_000, 10_000]),
            with_visitor: rng.pick(&[0, 5_000, 10_000]),
            timeout_ms: rng.pick(&[300, 1_000, 5_000, 5_000, 25_000]),
            late_ms: rng.pick(&[20, 400, 3_000]),
            way_ms: rng.pick(&[1, 5, 40]),
            commit_ms: rng.pick(&[0, 2, 10, 60]),
            start,
            burst_ms,
            crowd: rng.pick(&[1, 2, 8, 60]),
            echo_after: rng.chance(3_000).then(|| rng.between(60_000, 23 * 3_600_000)),
            once: None,
            sums: rng.pick(&[0, 3, 20]),
            days_cap: rng.chance(2_000).then(|| rng.between(1, 10)),
            cut: if rng.chance(2_000) { 5_000 } else { 0 },
            cut_at: start + rng.below(burst_ms),
            peak: None,
            rates,
        };
        if seed % 50 == 37 {
            // A midnight after which there are more shards, and of which half of the isolates do not hear.
            (plan.start, plan.burst_ms, plan.shards) = (midnight - 15_000, 30_000, rng.between(1, 3) as u16);
            (plan.grows_at, plan.shards_then) = (midnight - 9_000, plan.shards * 3);
            (plan.cut, plan.cut_at, plan.sums, plan.days_cap) = (5_000, midnight - 5_000, 60, None);
            plan.visits = plan.visits.max(100);
            plan.with_id = rng.pick(&[0, 5_000]);
            plan.rates[Fault::ObjectAway as usize] = 0;
        }
        if seed % 50 == 31 {
            // A midnight with slow answers: visits are routed anew at the last moment.
            (plan.start, plan.grows_at) = (midnight - 1_000, midnight - 900);
            (plan.burst_ms, plan.timeout_ms, plan.late_ms, plan.with_id) = (2_000, 1_000, 20, 7_000);
            plan.visits = 400;
            plan.rates = [0; FAULTS.len()];
            plan.rates[Fault::LostReply as usize] = 1_500;
            plan.rates[Fault::Delay as usize] = 5_500;
        }
        if plan.is_flood() {
            plan.burst_ms = 300;
            plan.with_id = 0;
            plan.timeout_ms = 5_000;
            plan.shards_then = 1;
            plan.rates[Fault::LeaderKilled as usize] = 0;
            plan.rates[Fault::WaiterKilled as usize] = 0;
            plan.rates[Fault::IsolateDeath as usize] = 0;
        }
        plan
    }

    /// A healthy site with one visit after another, where one fault strikes once.
    pub(crate) fn with_one(fault: Fault, seed: u64, rng: &mut Rng) -> Self {
        Self {
            isolates: 2,
            shards: 2,
            shards_then: 2,
            pages: 3,
            visits: 200,
            with_id: 4_000,
            timeout_ms: 5_000,
            late_ms: 800,
            way_ms: 5,
            commit_ms: 10,
            start: 20_000 * DAY_MS + DAY_MS / 2,
            burst_ms: 20_000,
            crowd: rng.pick(&[1, 4]),
            echo_after: None,
            sums: 10,
            days_cap: None,
            cut: 0,
            once: Some((fault, rng.between(1, 40))),
            rates: [0; FAULTS.len()],
            ..Self::of(seed, rng)
        }
    }

    /// A healthy site of hundreds of isolates at midnight, and a day's object that takes so many calls a second.
    pub(crate) fn midnight(days_cap: u64, rng: &mut Rng) -> Self {
        let midnight = 20_000 * DAY_MS;
        Self {
            isolates: 200,
            shards: 4,
            shards_then: 4,
            pages: 3,
            visits: 16_000,
            with_id: 5_000,
            with_visitor: 5_000,
            timeout_ms: 5_000,
            way_ms: 5,
            commit_ms: 10,
            start: midnight - 40 * 60_000,
            burst_ms: 41 * 60_000,
            crowd: 1,
            echo_after: None,
            sums: 0,
            days_cap: Some(days_cap),
            cut: 0,
            peak: Some(midnight),
            rates: [0; FAULTS.len()],
            ..Self::of(1, rng)
        }
    }

    /// Whether more visits come than one isolate may park.
    pub(crate) fn is_flood(&self) -> bool {
        self.seed % 1_000 == 13 && self.once.is_none()
    }

    pub(crate) fn rate(&self, fault: Fault) -> u64 {
        self.rates[fault as usize]
    }

    /// When no new fault strikes any more.
    pub(crate) fn calm_at(&self) -> u64 {
        self.start + self.burst_ms + self.timeout_ms + 10_000 + self.echo_after.unwrap_or(0)
    }

    /// When everything that faults left behind is over: calls on their way, leads that lapse, shards that are down.
    pub(crate) fn drained_at(&self) -> u64 {
        self.calm_at() + MAX_FLIGHT_MS + self.timeout_ms + 5 * self.late_ms + 5_000
    }

    /// How long past its deadline an answer may come: five timers and turns, each as late as may be, and the turns
    /// themselves.
    pub(crate) fn slack_ms(&self) -> u64 {
        5 * self.late_ms + 20
    }
}
