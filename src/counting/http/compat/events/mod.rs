//! Plausible's `POST /api/event` and Umami's `POST /api/send` and `/api/batch`: a site that they call by a name of theirs, and a page by
//! its URL.

pub mod answer;
pub mod event;
pub mod read;
