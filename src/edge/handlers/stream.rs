//! Abacus's `/stream/NS/KEY`: the value of a counter as server-sent events, at once and after each change.
//!
//! A stream reads the counter repeatedly, and less often while nothing changes. A hit in the same isolate wakes it at once. A request may call
//! objects only a limited number of times, so a stream ends after a while. The browser then opens a new one by itself.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers;
use crate::counting::http::compat::abacus::answer::stream_event;
use crate::counting::http::compat::abacus::counter::AbacusCounter;
use crate::counting::http::compat::abacus::request::AbacusRequest;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{EVENTS, Reply, text};
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

/// The most streams of an isolate. Each holds a timer, a pipe and about 2 KB.
const MAX_STREAMS: usize = 200;

/// How many calls to shards a stream makes. The free plan allows 50 calls to objects for each request.
const MAX_ASKS: u16 = 45;

/// How long a stream lasts, in milliseconds.
const LIFE_MS: u64 = 300_000;

/// How long a stream waits at first before it reads again, in milliseconds. Each wait without a change doubles the pause. The stream then writes
/// an empty comment, which fails if its reader has gone.
const PAUSE_MS: u64 = 1_000;

/// The longest pause, in milliseconds.
const MAX_PAUSE_MS: u64 = 10_000;

/// How long a reader may take to receive an event, in milliseconds.
const READ_MS: u64 = 20_000;

/// How many values from hits a stream keeps until it writes them. It drops the oldest.
const MAX_TOLD: usize = 64;

/// The signal that wakes a waiting stream.
const TOLD: f64 = 1.0;

thread_local! {
    static STREAMS: RefCell<Vec<Stream>> = const { RefCell::new(Vec::new()) };
}

struct Stream {
    number: u64,
    /// The site and the page.
    of: (String, String),
    told: VecDeque<u64>,
    /// The number of its present wait.
    waits: u64,
    /// When it ends, in milliseconds since 1970. If the platform kills a request, its stream stays in the list, so older ones are ignored.
    until: u64,
}

impl RequestContext {
    /// Tells the streams of this isolate the value after a hit.
    pub(crate) fn tell_streams(&self, counter: &AbacusCounter, views: u64) {
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

    pub(crate) async fn stream(&self, asked: &AbacusRequest) -> Result<(Reply, Option<JsValue>), Refusal> {
        let counter = self.counter_of(asked)?;
        // A stream calls shards up to 45 times, so it counts for the rate limit.
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
            return Ok((answers::failures::read_failed(&Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }), None));
        }
        let shards = self.shards(Sender::default());
        let first = match shards.page(&counter.site, counter.page.as_str()).await {
            Ok(first) => first,
            Err(failure) => {
                forget(number);
                return Ok((answers::failures::read_failed(&failure), None));
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
            // A reader sees the end of the stream and opens another.
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

/// Writes the values of the counter until the stream ends. Fails if the reader has gone or the counter cannot be read.
async fn run(
    number: u64,
    first: Option<u64>,
    asks: u16,
    pipe: &Pipe,
    ask: impl AsyncFn() -> Result<Option<u64>, Failure>,
) -> Result<(), ()> {
    let (mut last, mut pause, mut left) = (first, PAUSE_MS, asks);
    // Write at once, so that the reader knows that the connection is open.
    say(pipe, &first.map_or_else(|| ":\n\n".to_owned(), stream_event)).await?;
    while left > 0 {
        let (told, over) = next(number, pause).await.ok_or(())?;
        let mut said = false;
        // Hits only add, so a lower value is older than what was read from the shards.
        for views in told {
            if last.is_none_or(|last| views > last) {
                last = Some(views);
                said = true;
                say(pipe, &stream_event(views)).await?;
            }
        }
        if over {
            left = left.saturating_sub(1);
            let found = ask().await.map_err(|_| ())?;
            if found != last {
                last = found;
                said = true;
                if let Some(views) = found {
                    say(pipe, &stream_event(views)).await?;
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

/// Waits for hits. Returns their values and whether `ms` milliseconds passed without a hit, or `None` if the stream is over.
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

async fn say(pipe: &Pipe, text: &str) -> Result<(), ()> {
    match within(READ_MS, JsFuture::from(pipe.write(text))).await {
        Some(Ok(_)) => Ok(()),
        _ => Err(()),
    }
}
