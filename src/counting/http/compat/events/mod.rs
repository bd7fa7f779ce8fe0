//! Plausible's `POST /api/event`, and Umami's `POST /api/send` and `/api/batch`. Their clients name a site by a domain or an id, and a page by
//! its URL.

pub mod answer;
pub mod event;
pub mod read;
