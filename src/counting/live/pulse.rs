//! Who is there now: the views of the last minutes and the visitors of the last few, of one shard ([`Pulse`]) and of a site.
//!
//! In scope: how pulses are added up and told, and when. Out of scope: how a shard counts them ([`crate::counting::ledger::state`]).

use crate::counting::model::minute::minute_of;
use crate::counting::text::json::exact;
use serde::{Deserialize, Serialize};

/// The minutes whose views are told.
pub const MINUTES: usize = 30;

/// The minutes for which a visitor is called present after a view.
pub const PRESENT_MINUTES: usize = 5;

/// What a shard saw lately. Lists are by minute, the oldest first, the last is that of `at`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The shard's number, where it is the shard that tells; an answer has 0.
    pub shard: u32,
    /// When it was told, in milliseconds since 1970, by the shard's clock.
    pub at: u64,
    /// The number of the shard's last journal row: of two pulses of a shard, the one with the higher is the later.
    pub version: u64,
    /// The views of [`MINUTES`] minutes.
    pub views: Vec<u64>,
    /// The visitors of [`PRESENT_MINUTES`] minutes by the minute of their last view, so that their sum is who is there.
    pub people: Vec<u64>,
}

/// Adds numbers by minute to others, each list by the minutes up to its own last one. What is too old for the sum drops out. What is of a
/// minute that has not begun there is added to the last: clocks differ a little.
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

/// The pulses of a site's shards as one text of JSON, at a time in milliseconds since 1970.
pub fn text(site: &str, pulses: &[Pulse], at: u64) -> String {
    let minute = minute_of(at);
    let mut views = [0; MINUTES];
    let mut people = [0; PRESENT_MINUTES];
    for pulse in pulses {
        add(&mut views, minute, &pulse.views, minute_of(pulse.at));
        add(&mut people, minute, &pulse.people, minute_of(pulse.at));
    }
    let mut text = format!("{{\"site\":{},\"at\":{at},\"minute\":{minute},\"views\":", exact(site));
    list(&mut text, &views);
    text.push_str(",\"people\":");
    list(&mut text, &people);
    text.push('}');
    text
}

fn list(text: &mut String, values: &[u64]) {
    let mut before = '[';
    for value in values {
        text.push(before);
        text.push_str(&value.to_string());
        before = ',';
    }
    text.push(']');
}
