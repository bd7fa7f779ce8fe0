//! The external counter of all programs with a COUNTER_URL: a number in memory, on one thread, so that it is never the bottleneck.
//!
//! | request | what it does |
//! | --- | --- |
//! | `POST /counter` | counts a visit; while answers are held, it answers later |
//! | `GET /counter` | `{"views":7,"waiting":0}`: visits counted, and those that have no answer yet |
//! | `PUT /hold`, `PUT /release` | holds answers back, or sends all that are held |

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json, Router};
use footfall_peers::serve;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::sync::watch;

struct Counter {
    views: AtomicU64,
    waiting: AtomicU64,
    held: watch::Sender<bool>,
}

#[derive(Serialize)]
struct Notes {
    views: u64,
    waiting: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let counter = Counter { views: AtomicU64::new(0), waiting: AtomicU64::new(0), held: watch::Sender::new(false) };
    let router = Router::new()
        .route("/counter", get(notes).post(count))
        .route("/hold", put(|counter: State<Arc<Counter>>| hold(counter, true)))
        .route("/release", put(|counter: State<Arc<Counter>>| hold(counter, false)))
        .with_state(Arc::new(counter));
    serve(router).await;
}

async fn count(State(counter): State<Arc<Counter>>) -> &'static str {
    counter.views.fetch_add(1, Relaxed);
    if *counter.held.borrow() {
        counter.waiting.fetch_add(1, Relaxed);
        // It fails only if the sender is gone, but the state keeps it.
        let _ = counter.held.subscribe().wait_for(|held| !held).await;
        counter.waiting.fetch_sub(1, Relaxed);
    }
    "counted"
}

async fn notes(State(counter): State<Arc<Counter>>) -> Json<Notes> {
    Json(Notes { views: counter.views.load(Relaxed), waiting: counter.waiting.load(Relaxed) })
}

async fn hold(State(counter): State<Arc<Counter>>, held: bool) {
    counter.held.send_replace(held);
}
