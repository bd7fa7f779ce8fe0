//! The plan that a seed gives: how large the world is, how its visits come, and how often each fault strikes.
//!
//! Each seed leaves out some kinds of fault (swarm testing, Groce et al., 2012): if all kinds strike at once, one kind hides
//! what another would reveal.

use crate::rng::Rng;
use footfall::counting::model::date::DAY_MS;
use footfall::counting::protocol::load::ShardLoad;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A call never arrives.
    LostRequest,
    /// The object carries out a call, but the answer is lost.
    LostReply,
    /// A call arrives a second time, perhaps after later calls.
    Duplicate,
    /// A call or an answer takes far longer than usual.
    Delay,
    /// The platform answers a call with `overloaded`. The call was refused, or was carried out nevertheless.
    Overload,
    /// A statement fails and has no effect.
    StorageFailed,
    /// A statement has its effect, but reports a failure.
    StorageFailedApplied,
    /// The platform discards an isolate with all that it holds.
    IsolateDeath,
    /// The request that leads a POST is killed. It never runs again, but its isolate goes on.
    LeaderKilled,
    /// A request that waits for another request is killed.
    WaiterKilled,
    /// An object loses its memory and the writes that are not durable yet.
    ObjectRestart,
    /// A call arrives while its object is away after a restart.
    ObjectAway,
    /// The client has left, and does not read the answer.
    ClientGone,
    /// The answer is lost on its way to the client. The client does not know what became of its visit.
    AnswerLost,
    /// A timer fires late, or a turn that another request triggered comes late.
    LateTimer,
    /// An object's alarm runs one time more than it should.
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

/// How long after the start of a POST its calls may still arrive. A shard remembers a batch for 60 s after it came, clocks
/// differ by up to 2 s here, and a POST lives for at most 25 s. A platform that delivers older calls is not modelled.
pub(crate) const MAX_FLIGHT_MS: u64 = 50_000;

/// How far a clock may be ahead.
pub(crate) const MAX_SKEW_MS: u64 = 1_000;

/// A world before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) isolates: usize,
    /// `SHARDS` at first. It becomes `shards_then` at `grows_at`, a moment in the burst.
    pub(crate) shards: u16,
    pub(crate) shards_then: u16,
    pub(crate) grows_at: u64,
    /// The most shards that the load may lead to, if their number is not configured. Then `shards` is the number of the first day.
    pub(crate) most: Option<u16>,
    /// The load of the whole site, in calls with visits a second. It is far more than can be simulated, so only the days object hears of it.
    pub(crate) traffic: u32,
    pub(crate) pages: u64,
    pub(crate) visits: usize,
    /// How many of 10,000 visits have an id from their caller.
    pub(crate) with_id: u64,
    /// How many of 10,000 visits have a visitor.
    pub(crate) with_visitor: u64,
    /// `COUNTER_TIMEOUT_MS`.
    pub(crate) timeout_ms: u64,
    /// How late a timer may be.
    pub(crate) late_ms: u64,
    /// The usual time from an isolate to a shard.
    pub(crate) way_ms: u64,
    /// The time until a write is durable.
    pub(crate) commit_ms: u64,
    /// When the first visit comes, in milliseconds since 1970.
    pub(crate) start: u64,
    /// How long new visits keep coming.
    pub(crate) burst_ms: u64,
    /// How many visits share an isolate and a moment.
    pub(crate) crowd: u64,
    /// The time after which clients repeat visits of the first burst, in milliseconds, if they repeat any.
    pub(crate) echo_after: Option<u64>,
    /// A fault that strikes exactly once, and the number of the chance at which it strikes.
    pub(crate) once: Option<(Fault, u64)>,
    /// How often an isolate is asked for a sum over all shards.
    pub(crate) sums: u64,
    /// How many calls a second the days object takes, if there is a limit.
    pub(crate) days_cap: Option<u64>,
    /// How many of 10,000 isolates can no longer reach the days object from `cut_at` on.
    pub(crate) cut: u64,
    pub(crate) cut_at: u64,
    /// The start of a second in which half of the visits come.
    pub(crate) peak: Option<u64>,
    /// How often each fault strikes in 10,000 chances.
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
        // Some seeds of each thousand get a special world.
        let (isolates, shards, visits) = match seed % 1_000 {
            // Hundreds of isolates and shards.
            7 | 107 | 207 | 307 | 407 | 507 | 607 | 707 | 807 | 907 => {
                (rng.between(100, 400), rng.between(64, 256), rng.between(2_000, 6_000))
            }
            // One isolate is flooded while its shard is down. See `World::populate`.
            13 => (1, 1, 12_000),
            // More pages than a shard keeps apart.
            17 => (rng.between(2, 20), 1, 11_000),
            // Enough visits to fill the journal and reach its checkpoint.
            place if place % 100 == 21 => (rng.between(2, 12), rng.between(1, 2), rng.between(2_000, 4_000)),
            _ => (rng.between(1, 12), rng.between(1, 8), rng.between(20, 250)),
        };
        let pages = if seed % 1_000 == 17 { 10_200 } else { rng.pick(&[1, 3, 40]) };
        let burst_ms = rng.pick(&[200, 2_000, 20_000, 60_000]);
        // Two in five worlds see a midnight. Half of those have more shards from then on.
        let midnight = 20_000 * DAY_MS;
        let start = if rng.chance(4_000) { midnight - rng.below(burst_ms + 2_000) } else { midnight + rng.below(DAY_MS) };
        let shards_then = if rng.chance(5_000) { (shards * rng.between(1, 3)).min(256) } else { shards };
        let mut plan = Self {
            seed,
            isolates: isolates as usize,
            shards: shards as u16,
            shards_then: shards_then as u16,
            grows_at: start + rng.below(burst_ms),
            most: None,
            traffic: 0,
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
            // There are more shards after this midnight, and half of the isolates do not learn of them.
            (plan.start, plan.burst_ms, plan.shards) = (midnight - 15_000, 30_000, rng.between(1, 3) as u16);
            (plan.grows_at, plan.shards_then) = (midnight - 9_000, plan.shards * 3);
            (plan.cut, plan.cut_at, plan.sums, plan.days_cap) = (5_000, midnight - 5_000, 60, None);
            plan.visits = plan.visits.max(100);
            plan.with_id = rng.pick(&[0, 5_000]);
            plan.rates[Fault::ObjectAway as usize] = 0;
        }
        if seed % 50 == 31 {
            // A midnight with slow answers, so that visits are routed again at the last moment.
            (plan.start, plan.grows_at) = (midnight - 1_000, midnight - 900);
            (plan.burst_ms, plan.timeout_ms, plan.late_ms, plan.with_id) = (2_000, 1_000, 20, 7_000);
            plan.visits = 400;
            plan.rates = [0; FAULTS.len()];
            plan.rates[Fault::LostReply as usize] = 1_500;
            plan.rates[Fault::Delay as usize] = 5_500;
        }
        if seed % 10 == 4 {
            plan.grow_by_load(midnight, rng);
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

    /// Lets the load decide on the number of shards. Four in five of these worlds see a midnight. Some isolates ask before it.
    fn grow_by_load(&mut self, midnight: u64, rng: &mut Rng) {
        if rng.chance(8_000) {
            self.burst_ms = rng.pick(&[20_000, 60_000, 600_000]);
            self.start = midnight - self.burst_ms * 3 / 4;
            self.cut_at = midnight - rng.below(5_000);
            self.sums = self.sums.max(20);
        }
        // One midnight leads to four times as many at most, even if the owner's limit does not hold.
        (self.shards_then, self.grows_at) = ((4 * self.shards).min(256), self.start + 40 * DAY_MS);
        self.most = Some((self.shards * rng.between(1, 4) as u16).min(256));
        self.traffic = u32::from(self.shards) * rng.pick(&[0, 600, 800, 1_500, 5_000]);
    }

    /// What one of so many shards carries.
    pub(crate) fn load(&self, shards: u16) -> ShardLoad {
        ShardLoad { calls: self.traffic / u32::from(shards), full: 0 }
    }

    /// A healthy site that gets one visit after another. One fault strikes once.
    pub(crate) fn with_one(fault: Fault, seed: u64, rng: &mut Rng) -> Self {
        Self {
            isolates: 2,
            shards: 2,
            shards_then: 2,
            most: None,
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

    /// A healthy site with hundreds of isolates at midnight. Its days object takes `days_cap` calls a second.
    pub(crate) fn midnight(days_cap: u64, rng: &mut Rng) -> Self {
        let midnight = 20_000 * DAY_MS;
        Self {
            isolates: 200,
            shards: 4,
            shards_then: 4,
            most: None,
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

    /// Whether more visits come than an isolate may park.
    pub(crate) fn is_flood(&self) -> bool {
        self.seed % 1_000 == 13 && self.once.is_none()
    }

    pub(crate) fn rate(&self, fault: Fault) -> u64 {
        self.rates[fault as usize]
    }

    /// The time after which no new fault strikes.
    pub(crate) fn calm_at(&self) -> u64 {
        self.start + self.burst_ms + self.timeout_ms + 10_000 + self.echo_after.unwrap_or(0)
    }

    /// The time after which the effects of all faults are over: calls on their way, leads that lapse, shards that are down.
    pub(crate) fn drained_at(&self) -> u64 {
        self.calm_at() + MAX_FLIGHT_MS + self.timeout_ms + 5 * self.late_ms + 5_000
    }

    /// How long past its deadline an answer may come: five timers and turns, each as late as the plan allows, and the time
    /// of the turns themselves.
    pub(crate) fn slack_ms(&self) -> u64 {
        5 * self.late_ms + 20
    }
}
