//! The embedded counter, as a request uses it: it sends visits to the shards of their site, many in one POST.
//!
//! [`crate::counting::dispatch::routing`] decides on the shard, and [`crate::counting::dispatch::batcher`] on which visit posts. This file
//! carries it out.

use crate::counting::config::settings::Config;
use crate::counting::dispatch::endpoint::{CounterEndpoint, Failure, PageViews, Registered};
use crate::counting::dispatch::reused::Reused;
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::limits::OTHER;
use crate::counting::model::site::Site;
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::{Answer, Fault};
use crate::counting::protocol::batch::Verdict;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::wire::{decode, encode};
use crate::edge::clients::days;
use crate::edge::clients::object_call::{BUSY_RETRY_AFTER_S, Object};
use crate::edge::runtime::log;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use worker::Env;

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "SHARD";

/// How often a sum is tried, because it begins anew when there are more shards than were asked. Their number grows at most once a day.
pub(crate) const MAX_SUMS: u32 = 3;

/// The most shards that a read asks at once, so that a read of 256 shards has few connections open.
const READ_AT_ONCE: usize = 16;

thread_local! {
    /// The pages of the last ids that this isolate saw counted.
    static REUSED: RefCell<Reused> = RefCell::default();
}

/// A shard of a site, by its number.
pub(crate) type ShardRef<'a> = (&'a Site, u16);

/// The shards of a deployment, as one request sees them.
pub(crate) struct ShardClient<'a> {
    pub(crate) env: &'a Env,
    pub(crate) config: &'a Config,
    /// The sender of the visit; empty for a read.
    pub(crate) sender: Sender<'a>,
    /// When the request must have its answer, in milliseconds since 1970.
    pub(crate) deadline: u64,
    /// The size of the batch that the visit was in; 0 unless visits are logged.
    pub(crate) batch: Cell<usize>,
}

impl CounterEndpoint for ShardClient<'_> {
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        let sampled = log::sample(self.config.log_visits);
        // Boxed, and so compiled once for all callers.
        let outcome = self.count(&visit).boxed_local().await;
        if let Err(failure) = &outcome {
            log::problem("visit_failed", &failure.to_string());
        }
        let registered = outcome.map(|(counted, views)| {
            let page = if counted.other { OTHER } else { visit.page.as_str() }.to_owned();
            let duplicate = counted.verdict == Verdict::Duplicate;
            let of_another = visit.id.as_ref().is_some_and(|id| is_of_another(&visit, id.fingerprint(), duplicate));
            Registered { duplicate, of_another, page: Some(PageViews { page, views }) }
        });
        sampled.visit((&registered).into(), self.batch.get());
        registered
    }
}

/// Whether the id of a duplicate counted for another page, as far as this isolate knows. Notes the page of a visit that counted.
fn is_of_another(visit: &Visit, id: Fingerprint, duplicate: bool) -> bool {
    REUSED.with_borrow_mut(|reused| {
        if duplicate {
            return reused.is_of_another(&visit.site, &visit.page, id);
        }
        reused.counted(&visit.site, &visit.page, id);
        false
    })
}

impl<'a> ShardClient<'a> {
    pub(crate) fn new(env: &'a Env, config: &'a Config, sender: Sender<'a>, deadline: u64) -> Self {
        Self { env, config, sender, deadline, batch: Cell::new(0) }
    }
}

impl ShardClient<'_> {
    /// Asks every shard of a site. If one does not answer, the whole question fails: a part of a sum would be an invented number. If a
    /// shard knows of more shards than this isolate does, asks all of them anew.
    pub(crate) async fn ask_all(&self, site: &Site, call: &Call<'_>) -> Result<Vec<Answer>, Failure> {
        let call = encode(call);
        for _ in 0..MAX_SUMS {
            let shards = self.shard_count(site).await?;
            let names = object_names(site.as_str(), shards);
            let part = encode(&Call::Sum { shards, call: &call });
            let mut answers = Vec::with_capacity(names.len());
            for some in names.chunks(READ_AT_ONCE) {
                for answer in self.ask_each(some, &part).await {
                    answers.push(answer?);
                }
            }
            let more = answers.iter().filter_map(outgrown).max();
            let Some(more) = more else { return Ok(answers) };
            days::outgrown(site, more);
        }
        Err(Failure::Busy { retry_after: 1 })
    }

    /// Asks each of these objects at once, and returns what each answers.
    pub(crate) async fn ask_each(&self, names: &[String], call: &[u8]) -> Vec<Result<Answer, Failure>> {
        all(names.iter().map(|name| self.ask(name, call).boxed_local()).collect()).await
    }

    /// The number of shards of a site, as far as this isolate knows.
    pub(crate) async fn shard_count(&self, site: &Site) -> Result<u16, Failure> {
        if let Some(shards) = days::shards(site) {
            return Ok(shards);
        }
        let record = self.today(site).await;
        record.map(|record| record.shards).ok_or_else(|| Failure::Refused("the site's number of shards is not known".to_owned()))
    }

    /// Asks one shard for its part of a question to `shards` shards, which are asked one after the other. If there are more shards by
    /// now, nothing is done, and the next sum asks all of them.
    pub(crate) async fn ask_part(&self, (site, shard): ShardRef<'_>, shards: u16, call: &Call<'_>) -> Result<Answer, Failure> {
        let answer = self.ask_one(site, shard, &Call::Sum { shards, call: &encode(call) }).await?;
        let Some(more) = outgrown(&answer) else { return Ok(answer) };
        days::outgrown(site, more);
        Err(Failure::Busy { retry_after: 1 })
    }

    /// Asks one shard, by its number.
    pub(crate) async fn ask_one(&self, site: &Site, shard: u16, call: &Call<'_>) -> Result<Answer, Failure> {
        self.ask(&object_name(site.as_str(), shard), &encode(call)).await
    }

    /// Asks one shard, by the name of its object, with an encoded call.
    pub(crate) async fn ask(&self, name: &str, call: &[u8]) -> Result<Answer, Failure> {
        Object { env: self.env, binding: BINDING, name }.call(call, self.deadline, decode_answer).await
    }

    /// The day record of a site, if there is one in time.
    pub(crate) async fn today(&self, site: &Site) -> Option<DayRecord> {
        days::today(self.env, site, self.config.shards.least(), self.sender.reports, self.deadline).await
    }
}

/// Waits for all of a few futures. They are polled together, so none waits for another. `join_all` is made for many
/// futures, and would make the Worker larger.
pub(crate) async fn all<T>(futures: Vec<LocalBoxFuture<'_, T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        let mut all = Poll::Ready(());
        for future in &mut futures {
            if Pin::new(future).poll(context).is_pending() {
                all = Poll::Pending;
            }
        }
        all
    })
    .await;
    futures.into_iter().filter_map(|future| if let MaybeDone::Done(done) = future { Some(done) } else { None }).collect()
}

/// The name of a shard's object.
pub(crate) fn object_name(site: &str, shard: u16) -> String {
    format!("{site}/{shard}")
}

/// The names of a site's shards.
pub(crate) fn object_names(site: &str, shards: u16) -> Vec<String> {
    (0..shards).map(|shard| object_name(site, shard)).collect()
}

/// The number of shards, if an answer says that there are more than were asked.
pub(crate) fn outgrown(answer: &Answer) -> Option<u16> {
    if let Answer::Refused(Fault::Outgrown(shards)) = answer { Some(*shards) } else { None }
}

/// Reads the answer of a shard. A refusal is a failure, unless it says that there are more shards to ask.
pub(crate) fn decode_answer(answer: &[u8]) -> Result<Answer, Failure> {
    match decode(answer) {
        Ok(Answer::Refused(Fault::Outgrown(shards))) => Ok(Answer::Refused(Fault::Outgrown(shards))),
        Ok(Answer::Refused(fault)) => Err(fault_to_failure(fault)),
        Ok(answer) => Ok(answer),
        Err(_) => Err(Failure::Broken("the shard's answer cannot be read".to_owned())),
    }
}

/// The failure for an answer to another question.
pub(crate) fn something_else() -> Failure {
    Failure::Broken("the shard answered another question".to_owned())
}

fn fault_to_failure(fault: Fault) -> Failure {
    match fault {
        Fault::Malformed => Failure::Refused("the shard cannot read the call".to_owned()),
        Fault::Full => Failure::Busy { retry_after: BUSY_RETRY_AFTER_S },
        Fault::Superseded => Failure::Broken("a later batch of this isolate came first".to_owned()),
        Fault::Pages => Failure::Refused("the site has the most pages that it may have".to_owned()),
        Fault::TooMany => Failure::Refused("the site would have more views than can be counted exactly".to_owned()),
        Fault::Outgrown(_) => Failure::Refused("there are more shards than were asked".to_owned()),
        Fault::Storage => Failure::Broken("the shard's storage failed".to_owned()),
    }
}
