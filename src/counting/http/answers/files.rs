//! The answers to exports and imports.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::failed;
use crate::counting::http::reply::{NDJSON, Reply, json_reply};
use serde::Serialize;

/// The head of an export. Its body is a stream.
pub(crate) fn export(site: &str) -> Reply {
    Reply { content_type: NDJSON, file: Some(format!("{site}.ndjson")), status: 200, ..Reply::default() }
}

/// The answer when all lines of a file are imported.
pub(crate) fn imported(site: &str, lines: u64) -> Reply {
    json_reply(200, &ImportedBody { site, lines })
}

#[derive(Serialize)]
struct ImportedBody<'a> {
    site: &'a str,
    lines: u64,
}

/// The answer when an import fails. Some lines of the file may be imported.
pub(crate) fn import_failed(failure: &Failure) -> Reply {
    failed(failure, "send the file again from its beginning; nothing is added twice")
}
