//! The routes of counters that people leave, so that their snippets work with another host. `docs/moving.md` says what is served and what differs.

pub mod abacus;
pub mod busuanzi;
pub mod callback;
pub mod events;
pub mod goatcounter;
pub mod hits;
pub mod picture;
pub mod route;
