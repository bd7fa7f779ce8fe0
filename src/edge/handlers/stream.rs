//! Abacus's `/stream/NS/KEY`: what a counter says, now and whenever it says something else, as server-sent events.
//!
//! A stream asks the counter again and again, less often while nothing happens; a hit in the same isolate tells it at once. A request may
//! ask objects a limited number of times, so a stream ends after a while; a browser then opens another by itself.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::compat::abacus::{Counter, CounterRequest};
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{self, EVENTS, Reply, text};
use crate::counting::model::visitor::Sender;
use crate::edge::clients::object_call::BUSY_RETRY_AFTER_S;
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::transfer::Pipe;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::{isolate, waits};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Streams of an isolate: each holds a timer, a pipe and some 2 KB.
const MAX_STREAMS: usize = 200;

/// How often a stream asks shards: the free plan lets a request call objects 50 times.
const MAX_ASKS: u16 = 45;

/// How long it lives, in milliseconds.
const LIFE_MS: u64 = 300_000;

/// How long it waits before it asks again, in milliseconds: at first, and at most. Then it also says something that is nothing, so that it
/// notices that its reader has gone.
const PAUSE_MS: u64 = 1_000;
const MAX_PAUSE_MS: u64 = 10_000;

/// How long a reader may take to read, in milliseconds.
const READ_MS: u64 = 20_000;

/// What hits told that its stream has not said yet; of more, the last.
const MAX_TOLD: usize = 64;

/// What wakes a stream that waits.
const TOLD: f64 = 1.0;

thread_local! {
    static STREAMS: RefCell<Vec<Stream>> = const { RefCell::new(Vec::new()) };
}

struct Stream {
    number: u64,
    /// The site and the page.
    of: (String, String),
    told: VecDeque<u64>,
    /// The number of the wait that it is in.
    waits: u64,
    /// A request that the platform ended takes nothing out of this list, so what is older does not count.
    until: u64,
}

impl RequestContext {
    /// Tells the streams of this isolate what a hit has found.
    pub(crate) fn tell_streams(&self, counter: &Counter, views: u64) {
        let woken: Vec<u64> = STREAMS.with_borrow_mut(|streams| {
            let same = |stream: &&mut Stream| stream.of.0 == counter.site.as_str() && stream.of.1 == counter.page.as_str();
            let told = streams.iter_mut().filter(same).map(|stream| {
                if stream.told.len() >= MAX_TOLD {
                    stream.told.pop_front();
                }
                stream.told.push_back(views);
                stream.waits
            });
            told.collect()
        });
        woken.into_iter().for_each(|number| waits::end(number, TOLD));
    }

    pub(crate) async fn stream(&self, asked: &CounterRequest) -> Result<(Reply, Option<JsValue>), Refusal> {
        let counter = self.counter_of(asked)?;
        // A stream asks shards 45 times.
        if self.is_limited(self.who().sender(), None).await {
            return Err(Refusal::Limited);
        }
        let number = isolate::next_number();
        let until = now_ms().saturating_add(LIFE_MS);
        let of = (counter.site.as_str().to_owned(), counter.page.as_str().to_owned());
        let begun = STREAMS.with_borrow_mut(|streams| {
            streams.retain(|stream| stream.until > now_ms());
            let room = streams.len() < MAX_STREAMS;
            if room {
                streams.push(Stream { number, of, told: VecDeque::new(), waits: 0, until });
            }
            room
        });
        if !begun {
            return Ok((reply::read_failed(&Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }), None));
        }
        let shards = self.shards(Sender::default());
        let first = match shards.page(&counter.site, counter.page.as_str()).await {
            Ok(first) => first,
            Err(failure) => {
                forget(number);
                return Ok((reply::read_failed(&failure), None));
            }
        };
        let asks = MAX_ASKS.checked_div(shards.shard_count(&counter.site).await.unwrap_or(1)).unwrap_or(1);
        let pipe = Pipe::new();
        let body = pipe.readable();
        let (env, config) = (self.env.clone(), Rc::clone(&self.config));
        self.after_answer(async move {
            let ask = async || {
                let deadline = now_ms().saturating_add(config.timeout_ms.into());
                let shards = ShardClient::new(&env, &config, Sender::default(), deadline);
                shards.page(&counter.site, counter.page.as_str()).await
            };
            // Who reads sees that it is over, and asks anew; who has gone sees nothing.
            let _ = run(number, first, asks, &pipe, ask).await;
            forget(number);
            let _ = within(READ_MS, JsFuture::from(pipe.end())).await;
        });
        Ok((text(200, EVENTS, String::new()), Some(body)))
    }
}

fn forget(number: u64) {
    STREAMS.with_borrow_mut(|streams| streams.retain(|stream| stream.number != number));
}

/// Says what the counter says until it is time to end, or nobody reads any more.
async fn run(
    number: u64,
    first: Option<u64>,
    asks: u16,
    pipe: &Pipe,
    ask: impl AsyncFn() -> Result<Option<u64>, Failure>,
) -> Result<(), ()> {
    let (mut last, mut pause, mut left) = (first, PAUSE_MS, asks);
    // Something at once, so that the reader's connection is open.
    say(pipe, &first.map_or_else(|| ":\n\n".to_owned(), event)).await?;
    while left > 0 {
        let (told, over) = next(number, pause).await.ok_or(())?;
        let mut said = false;
        // Hits only add. What they told may have been overtaken by an answer.
        for views in told {
            if last.is_none_or(|last| views > last) {
                last = Some(views);
                said = true;
                say(pipe, &event(views)).await?;
            }
        }
        if over {
            left = left.saturating_sub(1);
            let found = ask().await.map_err(|_| ())?;
            if found != last {
                last = found;
                said = true;
                if let Some(views) = found {
                    say(pipe, &event(views)).await?;
                }
            }
        }
        pause = if said { PAUSE_MS } else { pause.saturating_mul(2).min(MAX_PAUSE_MS) };
        if !said && over {
            say(pipe, ":\n\n").await?;
        }
    }
    Ok(())
}

/// What hits told since, or nothing after `ms` milliseconds; `None` when it is time to end.
async fn next(number: u64, ms: u64) -> Option<(VecDeque<u64>, bool)> {
    let wait = isolate::next_number();
    let with = |work: fn(&mut Stream, u64) -> VecDeque<u64>| {
        STREAMS.with_borrow_mut(|streams| {
            let stream = streams.iter_mut().find(|stream| stream.number == number && stream.until > now_ms())?;
            Some(work(stream, wait))
        })
    };
    let waiting = with(|stream, wait| {
        stream.waits = wait;
        std::mem::take(&mut stream.told)
    })?;
    if !waiting.is_empty() {
        return Some((waiting, false));
    }
    let over = waits::parked(wait, ms).await != TOLD;
    with(|stream, _| std::mem::take(&mut stream.told)).map(|told| (told, over))
}

fn event(views: u64) -> String {
    format!("data: {{\"value\":{views}}}\n\n")
}

async fn say(pipe: &Pipe, text: &str) -> Result<(), ()> {
    match within(READ_MS, JsFuture::from(pipe.write(text))).await {
        Some(Ok(_)) => Ok(()),
        _ => Err(()),
    }
}
