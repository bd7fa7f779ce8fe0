//! Footfall: an exact visit counter at the edge.
//!
//! Two halves and one arrow. [`counting`] holds every decision as pure Rust: it names no platform, reads no
//! clock and no randomness, and is tested natively, on wasm32 and in a simulator. `edge` is the only place
//! that names Cloudflare Workers, and its files are thin shells around `counting`. The arrow goes from `edge`
//! to `counting`, never back; `tests/boundary.rs` holds that line.

// Only `edge` uses much of it, and `edge` is compiled for wasm32 only. There the compiler sees what nothing uses.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "edge, which uses it, is left out"))]
pub mod counting;

#[cfg(target_arch = "wasm32")]
mod edge;
