//! Everything that Footfall decides, as pure Rust.
//!
//! In scope: what a request asks for, what a visit is, when it counts, what is stored, what is answered.
//! Out of scope: sockets, promises, clocks, randomness, SQLite itself. Time and random numbers are arguments;
//! storage is the trait [`storage::Sql`]; a counter endpoint is the trait [`dispatch::endpoint::CounterEndpoint`].
//! Nothing in here panics on any input.

pub mod config;
pub mod dispatch;
pub mod http;
pub mod ledger;
pub mod live;
pub mod model;
pub mod protocol;
pub mod storage;
pub mod text;
