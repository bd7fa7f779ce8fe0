//! axum + reqwest with care: one client for all visits, so that connections are kept. The counter's status decides, and its answer is read to the
//! end, because otherwise its connection could not be reused.

use axum::{Router, extract::State, routing::get};
use footfall_peers::{ERROR, VISIT, WELCOME, counter_url, serve};
use std::sync::Arc;

#[derive(Clone)]
struct Counter {
    url: Arc<str>,
    client: reqwest::Client,
}

impl Counter {
    async fn register(&self) -> reqwest::Result<()> {
        let answer = self.client.post(&*self.url).json(&VISIT).send().await?.error_for_status()?;
        answer.bytes().await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let counter = Counter { url: counter_url().into(), client: reqwest::Client::new() };
    serve(Router::new().route("/", get(welcome)).with_state(counter)).await;
}

async fn welcome(State(counter): State<Counter>) -> &'static str {
    match counter.register().await {
        Ok(()) => WELCOME,
        Err(_) => ERROR,
    }
}
