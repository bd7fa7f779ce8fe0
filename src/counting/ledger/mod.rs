//! What a shard stores, and the rules for counting a batch once.

pub mod admin;
pub mod ask;
pub mod by_page;
pub mod checkpoint;
pub mod clock;
pub mod dimension_views;
pub mod distinct_visitors;
pub mod grow;
pub mod isolates;
pub mod kept_reports;
pub mod list;
pub mod packed;
pub mod pages;
pub mod quarters;
pub mod read;
pub mod recent_activity;
pub mod record;
pub mod recover;
pub mod register;
pub mod report;
pub mod schema;
pub mod seen;
pub mod shard;
pub mod state;
pub mod unlisted;
