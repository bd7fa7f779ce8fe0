//! axum + reqwest as usually written: the handler makes a client, POSTs the visit and awaits the answer. A new client has no open connection, so
//! every visit opens one.

use axum::{Router, extract::State, routing::get};
use footfall_peers::{ERROR, VISIT, WELCOME, counter_url, serve};
use std::sync::Arc;

#[tokio::main]
async fn main() {
    serve(Router::new().route("/", get(welcome)).with_state(counter_url().into())).await;
}

async fn welcome(State(counter): State<Arc<str>>) -> &'static str {
    match reqwest::Client::new().post(&*counter).json(&VISIT).send().await {
        Ok(_) => WELCOME,
        Err(_) => ERROR,
    }
}
