//! Counting what the isolate does, and telling it: `GET /healthz`, `GET /metrics`.

use super::clock::now_ms;
use super::shard_client::{self, ShardClient, something_else};
use super::turn::Turn;
use super::{isolate, log};
use crate::counting::body::find_site;
use crate::counting::config::Access;
use crate::counting::dropin;
use crate::counting::endpoint::Failure;
use crate::counting::error::Refusal;
use crate::counting::ledger::seen::{MAX_IDS, MAX_SERVER_IDS};
use crate::counting::metrics::{Isolate, IsolateMetrics, SHARD, text};
use crate::counting::reply::{self, Healthy, Outcome, Reply};
use crate::counting::shard::PROBE_MS;
use crate::counting::site::Site;
use crate::counting::visitor::Sender;
use crate::counting::wire::{Answer, Call};
use std::cell::{Cell, RefCell};

/// How long a shard may take to be called healthy, in milliseconds.
const HEALTHY_MS: u64 = 2_000;

thread_local! {
    /// What was answered last to who asks whether all is well, and when: strangers may ask, and shall not make the shard store all the time.
    static HEALTH: RefCell<Option<(u64, Reply)>> = const { RefCell::new(None) };
    static OWN: RefCell<IsolateMetrics> = RefCell::new(IsolateMetrics::default());
    /// How often a counter of CountAPI or Abacus was read, and how often one was created.
    static ASKED: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

/// Notes what became of a visit.
pub(super) fn visit(outcome: Outcome) {
    OWN.with_borrow_mut(|own| own.visit(outcome));
}

/// What CountAPI's and Abacus's `/stats` tell: what this isolate has answered since it began. Nothing sums up all isolates.
pub(super) fn stats(function: Option<&str>) -> Reply {
    OWN.with_borrow(|own| dropin::stats(&own.visits, ASKED.get(), function))
}

/// Notes that a counter of CountAPI or Abacus was read, or that one was created.
pub(super) fn asked(created: bool) {
    let [read, create] = ASKED.get();
    ASKED.set(if created { [read, create.saturating_add(1)] } else { [read.saturating_add(1), create] });
}

/// Notes a batch that is posted.
pub(super) fn batch(visits: usize) {
    OWN.with_borrow_mut(|own| own.batch(u64::try_from(visits).unwrap_or(u64::MAX)));
}

/// Notes something that was logged.
pub(super) fn problem(event: &str) {
    OWN.with_borrow_mut(|own| own.problem(event));
}

/// Notes that an object is called again.
pub(super) fn retry() {
    OWN.with_borrow_mut(|own| own.retries = own.retries.saturating_add(1));
}

impl Turn {
    /// Tries what a visit of the first site needs: the day's record, and a first shard that can store.
    pub(super) async fn health(&self) -> Reply {
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
        let reply = reply::health(&outcome);
        HEALTH.set(Some((began, reply.clone())));
        reply
    }

    async fn is_healthy(&self, began: u64) -> Result<Healthy, Failure> {
        let deadline = began.saturating_add(HEALTHY_MS.min(self.config.timeout_ms.into()));
        let (shards, site) = (ShardClient { deadline, ..self.shards(Sender::default()) }, self.config.sites.first());
        shards.number(site).await?;
        let Answer::Metrics(held) = shards.ask_one(site, 0, &Call::Health).await? else { return Err(something_else()) };
        Ok(Healthy {
            shard_ms: now_ms().saturating_sub(began),
            ids_percent: part(&held, "footfall_shard_ids", MAX_IDS, 100),
            server_ids_percent: part(&held, "footfall_shard_server_ids", MAX_SERVER_IDS, 100),
            is_full: part(&held, "footfall_shard_ids", MAX_IDS, 1_000) >= 999,
        })
    }

    /// What this isolate and the shards of a site count of themselves, for who has either token.
    pub(super) async fn metrics(&self, site: Option<&str>) -> Result<Reply, Refusal> {
        let reader = self.config.stats != Access::Closed && self.check(&self.config.reader).is_ok();
        if !reader {
            self.check_owner()?;
        }
        let site = find_site(site, &self.config.sites)?;
        Ok(reply::metrics(self.told(&site).await))
    }

    async fn told(&self, site: &Site) -> Result<String, Failure> {
        let mut all = Vec::new();
        for answer in self.shards(Sender::default()).ask_all(site, &Call::Metrics).await? {
            let Answer::Metrics(metrics) = answer else { return Err(something_else()) };
            all.push(metrics);
        }
        let name = format!("{:08x}", isolate::name()? >> 96);
        let isolate =
            Isolate { name: &name, parked: shard_client::parked(), lapsed: shard_client::lapsed(), memory_pages: memory_pages() };
        Ok(OWN.with_borrow(|own| text(isolate, own, site.as_str(), &all)))
    }
}

/// How much of the most that it may be a number of a shard is, in so many parts.
fn part(held: &[u64], name: &str, most: usize, parts: u64) -> u64 {
    let at = SHARD.iter().position(|(known, ..)| *known == name);
    let number = at.and_then(|at| held.get(at)).copied().unwrap_or(0);
    number.saturating_mul(parts).checked_div(u64::try_from(most).unwrap_or(u64::MAX)).unwrap_or(0)
}

fn memory_pages() -> u64 {
    u64::try_from(core::arch::wasm32::memory_size::<0>()).unwrap_or(u64::MAX)
}
