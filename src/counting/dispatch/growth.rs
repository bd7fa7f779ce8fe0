//! How many shards a site has on its next day, by the loads of its shards on the last one. Applies where `SHARDS` is not a number.
//!
//! A site grows if its busiest shard carried too much for ten minutes, or remembers too much. It gets as many shards as bring that one to half
//! of what it may carry. Half is well below [`GROWS_CALLS`] and [`GROWS_FULL`], so the load that made a site grow once does not make it grow
//! again. A number never falls, because shards hold views.
//!
//! More shards relieve only what spreads over them. So calls without visits do not count, and a shard that is far busier than the others counts
//! as twice their mean: one visitor or one id stays in one shard, and somebody may pick ids that lead to one.

use crate::counting::model::limits::MAX_SHARDS;
use crate::counting::protocol::load::{MOST_CALLS, ShardLoad};

/// A site with a shard that carries more calls a second than this grows.
pub const GROWS_CALLS: u32 = 700;

/// A site with a shard that is fuller than this grows, in thousandths.
pub const GROWS_FULL: u32 = 600;

/// How many times as many shards a site has on the next day at most. A shard at its limit does not show how much more would come, so a site
/// may need more than one day. And one wild day must not make a site large for ever.
pub const MOST_TIMES: u16 = 4;

// Both limits are in thousandths, and half of them is the aim.
const _: () = assert!(MOST_CALLS == 1_000);
const AIM: u64 = 500;

/// The number of shards that a site with these shards needs on its next day, whatever its owner allows. A shard whose load is not known counts
/// as idle.
pub fn needed(loads: &[Option<ShardLoad>]) -> u16 {
    let present = u64::try_from(loads.len()).unwrap_or(0);
    let mut most_strained = 0;
    for (strain, most) in [(strain(loads, |load| load.calls), GROWS_CALLS), (strain(loads, |load| load.full), GROWS_FULL)] {
        if strain > u64::from(most) {
            most_strained = strain.max(most_strained);
        }
    }
    let most = present.saturating_mul(MOST_TIMES.into()).min(MAX_SHARDS.into()).max(present);
    let needed = present.saturating_mul(most_strained).div_ceil(AIM).clamp(present, most);
    u16::try_from(needed).unwrap_or(MAX_SHARDS)
}

/// The load of the busiest shard, but at most twice the mean.
fn strain(loads: &[Option<ShardLoad>], of: fn(&ShardLoad) -> u32) -> u64 {
    let (mut busiest, mut sum) = (0, 0_u64);
    for load in loads.iter().flatten() {
        let load = u64::from(of(load));
        busiest = load.max(busiest);
        sum = sum.saturating_add(load);
    }
    let twice_the_mean = sum.saturating_mul(2).checked_div(u64::try_from(loads.len()).unwrap_or(0)).unwrap_or(0);
    busiest.min(twice_the_mean)
}
