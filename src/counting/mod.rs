//! Everything that Footfall decides, as pure Rust.
//!
//! In scope: what a request asks for, what a visit is, when it counts, what is stored, what is answered.
//! Out of scope: sockets, promises, clocks, randomness, SQLite itself. Time and random numbers are arguments;
//! storage is the trait [`ledger::Sql`]; a counter endpoint is the trait [`endpoint::CounterEndpoint`].
//! Nothing in here panics on any input.

pub mod access;
pub mod age;
pub mod badge;
pub mod base;
pub mod batch;
pub mod body;
pub mod config;
pub mod contract;
pub mod day_cache;
pub mod days;
pub mod details;
pub mod dropin;
pub mod endpoint;
pub mod error;
pub mod exclusion;
pub mod json;
pub mod lanes;
pub mod ledger;
pub mod live;
pub mod made;
pub mod mend;
pub mod metrics;
pub mod origin;
pub mod owner;
pub mod page;
pub mod proxy;
pub mod query;
pub mod record;
pub mod referrers;
pub mod refusals;
pub mod reply;
pub mod report;
pub mod retry;
pub mod reused;
pub mod route;
pub mod routing;
pub mod shard;
pub mod share;
pub mod shown;
pub mod site;
pub mod stats;
pub mod tree;
mod url;
pub mod visit;
pub mod visit_id;
pub mod visitor;
pub mod wire;
