//! Importing a file. The rules are in [`crate::counting::ledger::export_file`] and [`crate::counting::ledger::import`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::ledger::export_file::incoming::IncomingFile;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::{Answer, Imported};
use crate::counting::protocol::call::{Call, Import};
use crate::edge::clients::shards::{ShardClient, something_else};
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::kept_answers;
use crate::edge::handlers::transfer::Lines;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use wasm_bindgen_futures::JsFuture;

/// How much of a refused file is read before the answer, in bytes: the most that Cloudflare takes of a request on most plans.
const MAX_DROPPED_BYTES: u32 = 100 * 1024 * 1024;

/// For how long a refused file is read before the answer, in milliseconds.
const MAX_DROP_MS: u64 = 25_000;

impl RequestContext {
    /// Imports a file. The answer comes after all of the file was read, also where the file is refused: most clients read no answer earlier.
    pub(crate) async fn take_file(&self, site: Result<Site, Refusal>, add: bool) -> Result<Reply, Refusal> {
        let lines = Lines::new(&self.request);
        let done = match site {
            Ok(site) => self.import(&site, add, &lines).await,
            Err(refusal) => Err(refusal),
        };
        if !matches!(&done, Ok(Reply { status: 200, .. }) | Err(Refusal::BodyTooSlow(_) | Refusal::BodyBroken)) {
            within(MAX_DROP_MS, JsFuture::from(lines.drop(MAX_DROPPED_BYTES))).await;
        }
        done
    }

    /// Reads a file that was sent to a wrong address to its end: most clients read no answer earlier.
    pub(crate) async fn drop_file(&self) {
        let path = self.url().split_once('?').map_or(self.url(), |(path, _)| path);
        if self.request_head.method() == "POST" && path.ends_with("/import") {
            within(MAX_DROP_MS, JsFuture::from(Lines::new(&self.request).drop(MAX_DROPPED_BYTES))).await;
        }
    }

    /// Adds the lines of a file. Each piece is stored by itself, and once, so a file that broke off can be sent again from its beginning.
    async fn import(&self, site: &Site, add: bool, lines: &Lines) -> Result<Reply, Refusal> {
        let mut file = IncomingFile::default();
        let mut stored = None;
        loop {
            let piece = within(self.config.timeout_ms.into(), JsFuture::from(lines.next())).await;
            let piece = piece.ok_or(Refusal::BodyTooSlow(self.config.timeout_ms))?.map_err(|_| Refusal::BodyBroken)?;
            if piece.is_null() {
                return Err(Refusal::File(format!("what comes after line {} is not UTF-8", file.lines().saturating_add(1))));
            }
            let Some(piece) = piece.as_string() else { break };
            let before = file.lines();
            let rows = file.take(&piece).map_err(Refusal::File)?;
            let id = file.id().unwrap_or_default();
            let known = match stored {
                Some(known) => known,
                None => {
                    let known = match self.store(site, &Import { id, before: 0, lines: "" }).await {
                        Ok(known) => known.lines,
                        Err(failure) => return Ok(answers::files::import_failed(&failure)),
                    };
                    if known == 0 && !add {
                        match self.shards(Sender::default()).views(site, None).await {
                            Ok(0) => {}
                            Ok(_) => return Err(Refusal::NotEmpty),
                            Err(failure) => return Ok(answers::files::import_failed(&failure)),
                        }
                    }
                    known
                }
            };
            stored = Some(known);
            if file.lines() <= known {
                continue;
            }
            match self.store(site, &Import { id, before, lines: &rows }).await {
                Ok(Imported { lines, wrong: None }) => stored = Some(lines),
                Ok(Imported { wrong: Some(wrong), .. }) => return Err(Refusal::File(wrong)),
                Err(failure) => return Ok(answers::files::import_failed(&failure)),
            }
        }
        file.finish().map_err(Refusal::File)?;
        Ok(answers::files::imported(site.as_str(), file.lines()))
    }

    /// Stores lines in the first shard, because every read adds up all shards.
    async fn store(&self, site: &Site, import: &Import<'_>) -> Result<Imported, Failure> {
        let _changing = kept_answers::Changing(site);
        let deadline = now_ms().saturating_add(self.config.timeout_ms.into());
        let shards = ShardClient { deadline, ..self.shards(Sender::default()) };
        match shards.ask_one(site, 0, &Call::Import(*import)).await? {
            Answer::Imported(imported) => Ok(imported),
            _ => Err(something_else()),
        }
    }
}
