//! The answers about files: an export, and an import.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::failed;
use crate::counting::http::reply::{NDJSON, Reply, json_reply};
use serde::Serialize;

/// The head of an export.
pub fn export(site: &str) -> Reply {
    Reply { content_type: NDJSON, file: Some(format!("{site}.ndjson")), status: 200, ..Reply::default() }
}

/// A file that is in the tables.
pub fn imported(site: &str, lines: u64) -> Reply {
    json_reply(200, &ImportedBody { site, lines })
}

#[derive(Serialize)]
struct ImportedBody<'a> {
    site: &'a str,
    lines: u64,
}

/// A file that is in part in the tables, or not at all.
pub fn import_failed(failure: &Failure) -> Reply {
    failed(failure, "send the file again from its beginning; nothing is added twice")
}
