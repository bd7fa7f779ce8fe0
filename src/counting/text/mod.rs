//! Texts: JSON and URLs. Nothing in here knows what a visit is.

pub mod json;
pub mod json_read;
pub mod json_tree;
pub mod url;
