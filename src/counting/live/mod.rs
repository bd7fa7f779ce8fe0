//! Who is there now: how the pulses of shards are added up and told, and when.

pub mod board;
pub mod pace;
pub mod pulse;
