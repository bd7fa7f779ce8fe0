//! Promise 7, taken literally. A healthy site has one fault. Every later visit must succeed or, for faults whose effect lasts
//! by design, every visit after a stated time.

use crate::history::History;
use crate::mutation::Mutation;
use crate::plan::{FAULTS, Fault, Plan};
use crate::rng::Rng;
use crate::world::World;
use footfall::counting::dispatch::day_cache::PAUSE_MS;

/// The number of runs for each kind of fault.
const SEEDS: u64 = if cfg!(debug_assertions) { 10 } else { 300 };

/// How long after a fault a new visit may still fail because of it, in milliseconds.
fn aftermath(fault: Fault) -> u64 {
    match fault {
        // If the fault hits the call for the day record, the isolate waits a while after the answer before it asks again.
        Fault::Overload => 2 * PAUSE_MS,
        _ => 0,
    }
}

#[test]
fn after_one_fault_the_next_visit_succeeds() {
    for fault in FAULTS {
        let mut struck = 0;
        let mut longest = 0;
        for seed in 0..SEEDS {
            let mut rng = Rng::new(seed);
            let plan = Plan::with_one(fault, seed, &mut rng);
            let timeout_ms = plan.timeout_ms;
            let mut world = World::new(plan, rng, Mutation::None, History::default());
            world.run();
            assert!(world.checker.broken.is_none(), "{fault:?}, seed {seed}: {:?}", world.checker.broken);
            struck += world.struck[fault as usize];
            let failed = world.checker.tries.iter().filter(|facts| !facts.acked && !facts.excused);
            let after =
                failed.filter_map(|facts| (facts.deadline - timeout_ms).checked_sub(world.last_strike)).max().unwrap_or(0);
            let allowed = aftermath(fault);
            assert!(
                after <= allowed,
                "{fault:?}, seed {seed}: a visit that came {after} ms later failed; the limit is {allowed} ms"
            );
            longest = longest.max(after);
        }
        assert!(struck > 0, "{fault:?} never struck");
        println!("{fault:?}: struck {struck} times; the last visit that failed for it came {longest} ms later");
    }
}
