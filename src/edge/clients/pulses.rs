//! Asking all shards of a site for their recent activity.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::live::pulse::Pulse;
use crate::counting::model::site::Site;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::Call;
use crate::edge::clients::shards::{ShardClient, something_else};

/// The pulses of all shards of a site. If one shard does not answer, the whole read fails.
pub(crate) async fn pulses(shards: &ShardClient<'_>, site: &Site, call: &Call<'_>) -> Result<Vec<Pulse>, Failure> {
    let mut pulses = Vec::new();
    for answer in shards.ask_all(site, call).await? {
        let Answer::Live(pulse) = answer else { return Err(something_else()) };
        pulses.push(pulse);
    }
    Ok(pulses)
}
