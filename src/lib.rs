//! Footfall: an exact visit counter at the edge.
//!
//! Two halves and one arrow. [`counting`] holds every decision as pure Rust: it names no platform, reads no
//! clock and no randomness, and is tested natively, on wasm32 and in a simulator. `edge` is the only place
//! that names Cloudflare Workers, and its files are thin shells around `counting`. The arrow goes from `edge`
//! to `counting`, never back; `tests/boundary.rs` holds that line.

pub mod counting;

#[cfg(target_arch = "wasm32")]
mod edge;
