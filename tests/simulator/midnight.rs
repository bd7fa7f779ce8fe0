//! A midnight with two hundred isolates. Half of the visits come in its first second, and the days object takes only a few
//! calls a second.

use crate::history::History;
use crate::mutation::Mutation;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::world::World;
use footfall::counting::model::date::DAY_MS;

/// The calls that the days object takes in a second.
const CAP: u64 = 20;

fn run(mutation: Mutation) -> World {
    let mut rng = Rng::new(5);
    let plan = Plan::midnight(CAP, &mut rng);
    let mut world = World::new(plan, rng, mutation, History::default());
    world.run();
    world
}

fn failed(world: &World) -> usize {
    world.checker.tries.iter().filter(|facts| !facts.acked).count()
}

#[test]
fn midnight_causes_no_stampede() {
    let world = run(Mutation::None);
    assert!(world.checker.broken.is_none(), "{:?}", world.checker.broken);
    let early = world.checker.sums.early;
    assert!(early > world.plan.isolates as u64 / 2, "only {early} records were handed out early");
    assert_eq!(
        failed(&world),
        0,
        "some tries failed, of {}; the days object got at most {} calls a second",
        world.checker.tries.len(),
        world.checker.sums.most_asked
    );
    assert_eq!(world.plan.start / DAY_MS + 1, world.now / DAY_MS, "the run must cross one midnight");
    // If no isolate asks early, all ask at once, and the object refuses most of the calls.
    let all_at_once = run(Mutation::AskAtMidnight);
    assert!(all_at_once.checker.sums.most_asked > 4 * CAP, "{}", all_at_once.checker.sums.most_asked);
}
