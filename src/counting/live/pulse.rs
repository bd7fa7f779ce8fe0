//! The recent activity of one shard ([`Pulse`]), and the sum of several as JSON. Shards count it in
//! [`crate::counting::ledger::recent_activity`].

use crate::counting::model::minute::minute_of;
use crate::counting::text::json::to_json;
use serde::{Deserialize, Serialize};

/// The minutes of views in a pulse.
pub const MINUTES: usize = 30;

/// The minutes for which a visitor is present after a view.
pub const PRESENT_MINUTES: usize = 5;

/// The recent activity of a shard. Its lists are by minute, the oldest first. The last minute is that of `at`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The number of the shard, if the shard pushes. An answer has 0.
    pub shard: u32,
    /// When the shard sent it, in milliseconds since 1970 by the clock of the shard.
    pub at: u64,
    /// The number of the last journal row of the shard. The later of two pulses has the greater one.
    pub version: u64,
    /// The views of [`MINUTES`] minutes.
    pub views: Vec<u64>,
    /// The visitors of [`PRESENT_MINUTES`] minutes by the minute of their last view. Their sum is the number of present visitors.
    pub people: Vec<u64>,
}

/// Adds numbers by minute to `sum`. `last` and `last_of_more` are the last minutes of the two lists. Minutes before the first of `sum` are left
/// out. Minutes after its last are added to the last, because clocks differ a little.
pub fn add(sum: &mut [u64], last: u64, more: &[u64], last_of_more: u64) {
    let mut minute = last_of_more;
    for value in more.iter().rev() {
        let ago = usize::try_from(last.saturating_sub(minute)).unwrap_or(usize::MAX);
        if let Some(place) = sum.iter_mut().rev().nth(ago) {
            *place = place.saturating_add(*value);
        }
        minute = minute.saturating_sub(1);
    }
}

/// The sum of the pulses of a site's shards, as JSON. `at` is in milliseconds since 1970.
pub fn text(site: &str, pulses: &[Pulse], at: u64) -> String {
    let minute = minute_of(at);
    let mut views = [0; MINUTES];
    let mut people = [0; PRESENT_MINUTES];
    for pulse in pulses {
        add(&mut views, minute, &pulse.views, minute_of(pulse.at));
        add(&mut people, minute, &pulse.people, minute_of(pulse.at));
    }
    to_json(&Board { site, at, minute, views, people })
}

#[derive(Serialize)]
struct Board<'a> {
    site: &'a str,
    at: u64,
    minute: u64,
    views: [u64; MINUTES],
    people: [u64; PRESENT_MINUTES],
}
