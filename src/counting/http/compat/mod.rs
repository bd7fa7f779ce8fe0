//! Routes of other counters: their snippets work with Footfall once the host is changed. `docs/moving.md` lists them and what differs.

pub mod abacus;
pub mod busuanzi;
pub mod callback;
pub mod events;
pub mod goatcounter;
pub mod hits;
pub mod picture;
pub mod route;
