//! The answers of Footfall's own routes: their statuses, headers and texts. The answers to wrong requests are in
//! [`crate::counting::http::refused`].

pub mod failures;
pub mod files;
pub mod health;
pub mod reads;
pub mod visits;
