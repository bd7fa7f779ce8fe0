//! The answers of Footfall's own routes: the one table of their statuses, headers and texts. Those to wrong requests are in
//! [`crate::counting::http::refused`].

pub mod failures;
pub mod files;
pub mod health;
pub mod reads;
pub mod visits;
