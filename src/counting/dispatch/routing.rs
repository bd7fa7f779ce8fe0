//! The route of a visit: which shard counts it.
//!
//! The id of a visit decides, so that a retry reaches the shard that remembers the id. Without an id the visitor decides, so that a
//! visitor is in one shard all day. A visit without either goes to a shard of its isolate, which keeps batches large. If id and visitor
//! lead to two shards, one counts the view and the other the visitor. All isolates agree, because they all follow the day's record.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;

/// Seconds after which a caller should send a visit again that needs the day's record, when there is none.
const NO_RECORD_RETRY_AFTER_S: u32 = 5;

/// The route of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardRoute {
    /// The shard that counts it.
    pub shard: u16,
    /// The day that it is counted under.
    pub day: Day,
    /// The shard that may know its id from yesterday, when there were fewer shards. It must be asked first.
    pub ask_first: Option<u16>,
    /// The shard that counts its visitor, if it is another one: a visitor is in one shard all day, whatever ids the visits have.
    pub visitors: Option<u16>,
}

/// The route of a visit. `today` is the isolate's day, which counts where there is no record.
///
/// # Errors
/// [`Failure::Busy`] for a visit with an id when there is no record: in the wrong shard, its retry could count again.
pub fn route(
    id: Option<Fingerprint>,
    visitor: Visitor,
    record: Option<&DayRecord>,
    isolate: u128,
    today: Day,
) -> Result<ShardRoute, Failure> {
    let Some(record) = record else {
        return match id {
            Some(_) => Err(Failure::Busy { retry_after: NO_RECORD_RETRY_AFTER_S }),
            // Every read includes shard 0, whatever the number of shards.
            None => Ok(ShardRoute { shard: 0, day: today, ask_first: None, visitors: None }),
        };
    };
    let key = match (id, visitor) {
        (Some(id), _) => id.0,
        (None, Visitor::Hash(hash) | Visitor::Guest(hash)) => hash.0,
        (None, Visitor::Withheld(_) | Visitor::Elsewhere) => low_bits(isolate),
    };
    let shard = jump_hash(key, record.shards);
    let before = jump_hash(key, record.shards_before);
    let visitors = match visitor {
        Visitor::Hash(hash) => Some(jump_hash(hash.0, record.shards)).filter(|at| *at != shard),
        _ => None,
    };
    Ok(ShardRoute { shard, day: record.day, ask_first: (id.is_some() && before != shard).then_some(before), visitors })
}

#[allow(clippy::cast_possible_truncation, reason = "the low half of random bits is as random as all of them")]
fn low_bits(isolate: u128) -> u64 {
    isolate as u64
}

/// Jump consistent hash (Lamping and Veach, 2014): spreads keys evenly over `buckets`, and when there are more buckets
/// moves only as many keys as the new ones take. The floating-point step of the paper is done in integers.
fn jump_hash(mut key: u64, buckets: u16) -> u16 {
    let mut chosen = 0;
    let mut next = 0;
    while next < u64::from(buckets) {
        chosen = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let divisor = (key >> 33).saturating_add(1);
        next = chosen.saturating_add(1).saturating_mul(1 << 31).checked_div(divisor).unwrap_or(u64::MAX);
    }
    u16::try_from(chosen).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::visitor::{Salt, VisitorHash, Withheld};

    const NOBODY: Visitor = Visitor::Withheld(Withheld::NoAddress);

    fn record(shards: u16, shards_before: u16) -> DayRecord {
        DayRecord { day: 20_000, salt: Salt([0; 16]), shards, shards_before }
    }

    #[test]
    fn keys_spread_evenly_and_move_only_to_new_shards() {
        for (few, many) in [(1, 2), (4, 5), (7, 64), (255, 256)] {
            let mut load = vec![0_u32; usize::from(many)];
            for n in 0..100_000_u64 {
                let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let (before, after) = (jump_hash(key, few), jump_hash(key, many));
                assert!(after == before || after >= few, "a key moved between old shards");
                load[usize::from(after)] += 1;
            }
            let mean = 100_000.0 / f64::from(many);
            for shard in load {
                assert!((f64::from(shard) - mean).abs() < 6.0 * mean.sqrt(), "{shard} of {mean}");
            }
        }
    }

    #[test]
    fn an_id_leads_before_a_visitor() {
        let (id, person) = (Fingerprint(1 << 40), Visitor::Hash(VisitorHash(99)));
        let today = record(64, 64);
        let by_id = route(Some(id), person, Some(&today), 5, 1).unwrap();
        assert_eq!(by_id.shard, route(Some(id), NOBODY, Some(&today), 6, 2).unwrap().shard);
        let by_person = route(None, person, Some(&today), 5, 1).unwrap();
        assert_eq!(by_person, route(None, person, Some(&today), 6, 2).unwrap());
        assert_ne!(by_id.shard, by_person.shard);
        assert_eq!((by_id.visitors, by_person.visitors), (Some(by_person.shard), None));
        assert_eq!(by_person.day, 20_000, "the record's day holds, not the isolate's");
    }

    #[test]
    fn only_an_id_that_moved_is_asked_for_first() {
        let grown = record(8, 2);
        let mut moved = 0;
        for n in 0..1000_u64 {
            let id = Fingerprint(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let route = route(Some(id), NOBODY, Some(&grown), 0, 0).unwrap();
            assert_eq!(route.ask_first.is_some(), route.shard >= 2);
            moved += u32::from(route.ask_first.is_some());
        }
        assert!((700..800).contains(&moved), "six of eight shards are new: {moved}");
        // Whatever its id, a visit's visitor is counted where all the visitor's visits are.
        for (id, hash) in (0..500).map(|n| (Fingerprint(n * 7919), VisitorHash(n * 104_729))) {
            let home = route(None, Visitor::Hash(hash), Some(&grown), 0, 0).unwrap();
            let by_id = route(Some(id), Visitor::Hash(hash), Some(&grown), 0, 0).unwrap();
            assert_eq!((home.visitors, by_id.visitors.unwrap_or(by_id.shard)), (None, home.shard));
            assert_eq!(route(None, Visitor::Guest(hash), Some(&grown), 0, 0).unwrap().shard, home.shard);
        }
        assert_eq!(route(None, Visitor::Hash(VisitorHash(3)), Some(&grown), 0, 0).unwrap().ask_first, None);
    }

    #[test]
    fn without_a_record_only_what_needs_none_goes_on() {
        let no_record = route(None, NOBODY, None, 77, 123);
        assert_eq!(no_record, Ok(ShardRoute { shard: 0, day: 123, ask_first: None, visitors: None }));
        assert!(matches!(route(Some(Fingerprint(1)), NOBODY, None, 77, 123), Err(Failure::Busy { .. })));
    }
}
