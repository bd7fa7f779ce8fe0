//! The embedded counter, seen from a request: sends visits to the shard of their site, many in one POST.
//!
//! [`crate::counting::batch`] decides who posts and who waits; this carries it out.

use super::clock::now_ms;
use super::deadline::within;
use super::parking::{self, Wake};
use super::{isolate, log};
use crate::counting::batch::{Action, Batcher, Entry, Event, Posting, Ticket};
use crate::counting::config::Config;
use crate::counting::endpoint::{CounterEndpoint, Failure, PageViews, Registered};
use crate::counting::ledger::OTHER;
use crate::counting::retry;
use crate::counting::site::Site;
use crate::counting::visit::Visit;
use crate::counting::wire::{Answer, Call, Counted, Fault, Receipt, decode, encode};
use js_sys::{ArrayBuffer, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};
use worker::{Delay, Env};

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "SHARD";

/// Seconds after which a visit that a full or overloaded shard refused should be sent again.
const BUSY_RETRY_AFTER_S: u32 = 10;

#[wasm_bindgen]
extern "C" {
    /// A stub, with the `fetch` that takes an init: `worker::Stub` takes whole requests only.
    type RawStub;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &RawStub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

thread_local! {
    /// The batchers of this isolate, by the name of their object; there are as many as sites times shards at most.
    static BATCHERS: RefCell<BTreeMap<String, Batcher>> = const { RefCell::new(BTreeMap::new()) };
}

/// The shards of a deployment, as one request sees them.
pub(super) struct ShardClient<'a> {
    env: &'a Env,
    timeout_ms: u64,
}

impl CounterEndpoint for ShardClient<'_> {
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        let page = visit.page.as_str().to_owned();
        let outcome = self.count(&object_name(&visit.site), visit).await;
        if let Err(failure) = &outcome {
            log::problem("visit_failed", &format!("{failure:?}"));
        }
        outcome.map(|counted| Registered {
            duplicate: counted.duplicate,
            page: Some(PageViews { page: if counted.other { OTHER.to_owned() } else { page }, views: counted.views }),
        })
    }
}

impl<'a> ShardClient<'a> {
    pub(super) fn new(env: &'a Env, config: &Config) -> Self {
        Self { env, timeout_ms: config.timeout_ms.into() }
    }

    /// The views of a page, or of the whole site.
    pub(super) async fn views(&self, site: &Site, page: Option<&str>) -> Result<u64, Failure> {
        let call = encode(&Call::Views(page));
        let deadline = now_ms().saturating_add(self.timeout_ms);
        self.call(&object_name(site), &call, deadline, |answer| match answer {
            Answer::Views(views) => Some(views),
            _ => None,
        })
        .await
    }

    /// Posts, or waits for the visit that does, until this visit has an answer.
    async fn count(&self, object: &str, visit: Visit) -> Result<Counted, Failure> {
        let ticket = isolate::next_number();
        let deadline = now_ms().saturating_add(self.timeout_ms);
        let id = visit.id.map(|id| id.fingerprint());
        let entry = Entry { page: visit.page.into_string(), id, deadline };
        let mut event = Event::Arrived(ticket, entry.clone());
        loop {
            match step(object, event).into_iter().next() {
                Some(Action::Post(posting)) => return self.lead(object, ticket, posting).await,
                Some(Action::Answer(_, answer)) => return answer,
                _ => {}
            }
            event = match parking::park(ticket, deadline.saturating_sub(now_ms())).await {
                Wake::Lead => Event::TookLead(ticket, entry.clone()),
                Wake::Answer(answer) => return answer,
                Wake::GiveUp => Event::GaveUp(ticket),
            };
        }
    }

    /// Posts a batch, answers its visits and hands on the lead. If this is never resumed, the lead lapses.
    async fn lead(&self, object: &str, leader: Ticket, posting: Posting) -> Result<Counted, Failure> {
        let call = encode(&Call::Register(posting.batch(isolate::name())));
        let outcome: Result<Receipt, Failure> = self
            .call(object, &call, posting.deadline, |answer| match answer {
                Answer::Receipt(receipt) => Some(receipt),
                _ => None,
            })
            .await;
        let mut own = Err(Failure::Broken("the batch has no line for its leader".to_owned()));
        for action in step(object, Event::Ended(posting, outcome)) {
            match action {
                Action::Answer(ticket, answer) if ticket == leader => own = answer,
                Action::Answer(ticket, answer) => parking::answer(ticket, &answer),
                Action::Lead(ticket) => parking::lead(ticket),
                Action::Post(_) | Action::Park => {}
            }
        }
        own
    }

    /// Calls a shard, again where [`retry`] says so, until the deadline.
    async fn call<T>(&self, object: &str, call: &[u8], deadline: u64, read: impl Fn(Answer) -> Option<T>) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            let ms = retry::attempt_ms(attempt, now_ms(), deadline);
            let outcome = match within(ms, self.attempt(object, call)).await {
                Some(outcome) => outcome,
                None => Err(Failure::Deadline { sent: true }),
            };
            let failure = match outcome.map(&read) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => Failure::Broken("the shard answered something else".to_owned()),
                Err(failure) => failure,
            };
            match retry::pause_ms(attempt, &failure, now_ms(), deadline) {
                None => return Err(failure),
                Some(0) => {}
                Some(ms) => Delay::from(Duration::from_millis(ms)).await,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// One exchange with a shard, through a new stub: a stub that saw an error stays broken.
    async fn attempt(&self, object: &str, call: &[u8]) -> Result<Answer, Failure> {
        let stub = self.env.durable_object(BINDING).and_then(|shards| shards.get_by_name(object));
        let stub: RawStub = stub.map_err(|error| Failure::Refused(error.to_string()))?.into_rpc();
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&Uint8Array::from(call));
        let promise = stub.fetch("https://shard/", &init).map_err(|error| classify(&error))?;
        let response: Response = JsFuture::from(promise).await.map_err(|error| classify(&error))?.unchecked_into();
        let body = response.array_buffer().map_err(|error| classify(&error))?;
        let body: ArrayBuffer = JsFuture::from(body).await.map_err(|error| classify(&error))?.unchecked_into();
        match decode(&Uint8Array::new(&body).to_vec()) {
            Ok(Answer::Refused(fault)) => Err(fault_to_failure(fault)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(Failure::Broken("the shard's answer cannot be read".to_owned())),
        }
    }
}

/// The name of a site's object. Sites come from the allow-list, so strangers make no objects.
fn object_name(site: &Site) -> String {
    format!("{}/0", site.as_str())
}

fn step(object: &str, event: Event) -> Vec<Action> {
    let now = now_ms();
    BATCHERS.with_borrow_mut(|batchers| match batchers.get_mut(object) {
        Some(batcher) => batcher.step(event, now),
        None => batchers.entry(object.to_owned()).or_default().step(event, now),
    })
}

fn fault_to_failure(fault: Fault) -> Failure {
    match fault {
        Fault::Malformed => Failure::Refused("the shard cannot read the call".to_owned()),
        Fault::Full => Failure::Busy { retry_after: BUSY_RETRY_AFTER_S },
        Fault::Superseded => Failure::Broken("a later batch came first".to_owned()),
        Fault::Storage => Failure::Broken("the shard's storage failed".to_owned()),
    }
}

/// What an exception of a stub means: an overloaded object never saw the call; for the rest nobody knows.
fn classify(error: &JsValue) -> Failure {
    let overloaded = Reflect::get(error, &"overloaded".into()).is_ok_and(|flag| flag.is_truthy());
    if overloaded {
        return Failure::Busy { retry_after: BUSY_RETRY_AFTER_S };
    }
    Failure::Broken(worker::Error::from(error.clone()).to_string())
}
