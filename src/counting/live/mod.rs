//! Live numbers: adds up the pulses of shards, and decides when watchers are told.

pub mod board;
pub mod pace;
pub mod pulse;
