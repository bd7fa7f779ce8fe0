//! Texts: JSON, URLs and percent-encoding. Nothing in here knows what a visit is.

pub mod json;
pub mod json_read;
pub mod json_tree;
pub mod percent;
pub mod url;
