//! The only place that names the platform. Its files are thin shells around [`crate::counting`]: they carry bytes,
//! promises and timers, and decide nothing.

mod clients;
mod handlers;
mod objects;
mod runtime;
