//! Monitoring: `GET /healthz` and `GET /metrics`.

use crate::counting::config::variable::Access;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers;
use crate::counting::http::answers::health::Healthy;
use crate::counting::http::find_site::find_site;
use crate::counting::http::metrics::{Isolate, text};
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::ledger::held_shares::{MAX_IDS, MAX_SERVER_IDS};
use crate::counting::ledger::shard::PROBE_MS;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::shard_metrics::SHARD;
use crate::edge::clients::batchers;
use crate::edge::clients::shards::{ShardClient, something_else};
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{counts, isolate, log};
use std::cell::RefCell;

/// How long a healthy shard may take to answer, in milliseconds.
const HEALTHY_MS: u64 = 2_000;

thread_local! {
    /// The last answer of `GET /healthz` and its time. Strangers may ask, and must not be able to make the shard store all the time.
    static HEALTH: RefCell<Option<(u64, Reply)>> = const { RefCell::new(None) };
}

impl RequestContext {
    /// `GET /healthz`: checks what a visit to the first site needs, that is the day record and a first shard that can store.
    pub(crate) async fn health(&self) -> Reply {
        let began = now_ms();
        let known =
            HEALTH.with_borrow(|known| known.clone().filter(|(at, _)| (*at..at.saturating_add(PROBE_MS)).contains(&began)));
        if let Some((_, reply)) = known {
            return reply;
        }
        let outcome = self.is_healthy(began).await;
        if let Err(failure) = &outcome {
            log::problem("unhealthy", &failure.to_string());
        }
        let reply = answers::health::health(&outcome);
        HEALTH.set(Some((began, reply.clone())));
        reply
    }

    async fn is_healthy(&self, began: u64) -> Result<Healthy, Failure> {
        let deadline = began.saturating_add(HEALTHY_MS.min(self.config.timeout_ms.into()));
        let (shards, site) = (ShardClient { deadline, ..self.shards(Sender::default()) }, self.config.sites.first());
        shards.shard_count(site).await?;
        let Answer::Metrics(held) = shards.ask_one(site, 0, &Call::Health).await? else { return Err(something_else()) };
        Ok(Healthy {
            shard_ms: now_ms().saturating_sub(began),
            ids_percent: part(&held, "footfall_shard_ids", MAX_IDS, 100),
            server_ids_percent: part(&held, "footfall_shard_server_ids", MAX_SERVER_IDS, 100),
            is_full: part(&held, "footfall_shard_ids", MAX_IDS, 1_000) >= 999,
        })
    }

    /// `GET /metrics`: the metrics of this isolate and of a site's shards. It needs one of the owner's tokens.
    pub(crate) async fn metrics(&self, site: Option<&str>) -> Result<Reply, Refusal> {
        let reader = self.config.stats != Access::Closed && self.check(&self.config.reader).is_ok();
        if !reader {
            self.check_owner()?;
        }
        let site = find_site(site, &self.config.sites)?;
        Ok(answers::health::metrics(self.metrics_text(&site).await))
    }

    async fn metrics_text(&self, site: &Site) -> Result<String, Failure> {
        let mut all = Vec::new();
        for answer in self.shards(Sender::default()).ask_all(site, &Call::Metrics).await? {
            let Answer::Metrics(metrics) = answer else { return Err(something_else()) };
            all.push(metrics);
        }
        let most = self.config.shards.most().unwrap_or(self.config.shards.least());
        let name = format!("{:08x}", isolate::name()? >> 96);
        let isolate =
            Isolate { name: &name, parked: batchers::parked(), lapsed: batchers::lapsed(), memory_pages: memory_pages() };
        Ok(counts::with_counts(|own| text(isolate, own, site.as_str(), &all, most)))
    }
}

/// A metric of a shard as a share of its limit `most`. `parts` is 100 for percent.
fn part(held: &[u64], name: &str, most: u64, parts: u64) -> u64 {
    let at = SHARD.iter().position(|(known, ..)| *known == name);
    let number = at.and_then(|at| held.get(at)).copied().unwrap_or(0);
    number.saturating_mul(parts).checked_div(most).unwrap_or(0)
}

fn memory_pages() -> u64 {
    u64::try_from(core::arch::wasm32::memory_size::<0>()).unwrap_or(u64::MAX)
}
