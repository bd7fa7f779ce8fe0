//! Texts: JSON, URLs and percent-encoding. This layer knows nothing about visits.

pub mod json;
pub mod json_read;
pub mod json_tree;
pub mod percent;
pub mod url;
