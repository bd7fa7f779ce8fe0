//! The answers about files: an export, and an import.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::failed;
use crate::counting::http::reply::{JSON, NDJSON, Reply, text};
use crate::counting::text::json::exact;

/// The head of an export.
pub fn export(site: &str) -> Reply {
    Reply { content_type: NDJSON, file: Some(format!("{site}.ndjson")), status: 200, ..Reply::default() }
}

/// A file that is in the tables.
pub fn imported(site: &str, lines: u64) -> Reply {
    text(200, JSON, format!("{{\"site\":{},\"lines\":{lines}}}", exact(site)))
}

/// A file that is in part in the tables, or not at all.
pub fn import_failed(failure: &Failure) -> Reply {
    failed(failure, "send the file again from its beginning; nothing is added twice")
}
