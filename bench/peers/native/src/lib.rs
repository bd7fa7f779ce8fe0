//! The code that the programs on tokio share, so that they differ only in their handlers.

use axum::Router;
use serde::Serialize;
use tokio::net::TcpListener;

/// The two texts of `GET /`. Both have status 200, as for any handler that returns a text.
pub const WELCOME: &str = "Welcome to my site!";
pub const ERROR: &str = "Error registering your visit";

/// A visit, as it is sent to the counter.
#[derive(Serialize)]
pub struct Visit {
    pub site: &'static str,
    pub page: &'static str,
}

/// The visit of `GET /`.
pub const VISIT: Visit = Visit { site: "default", page: "/" };

/// The counter's URL, from the environment.
pub fn counter_url() -> String {
    std::env::var("COUNTER_URL").expect("COUNTER_URL says where visits are POSTed")
}

/// Serves on a free port of the loopback, and writes the port to standard output.
pub async fn serve(router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("a bound socket").port());
    axum::serve(listener, router).await.expect("serving does not end");
}
