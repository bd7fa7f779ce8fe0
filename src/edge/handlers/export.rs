//! Exporting a site: its lines go out as they are read from the shards.

use crate::counting::config::settings::Config;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers;
use crate::counting::http::reply::Reply;
use crate::counting::ledger::export_file::lines::{first_line, last_line};
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::{Answer, Exported};
use crate::counting::protocol::call::Call;
use crate::edge::clients::shards::{ShardClient, something_else};
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::transfer::Pipe;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{isolate, log};
use js_sys::Date;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

impl RequestContext {
    /// Everything that was counted of a site, as a stream. Only one piece of it is in memory at a time.
    pub(crate) async fn export(&self, site: Site, head: bool) -> (Reply, Option<JsValue>) {
        let source = ExportSource { env: self.env.clone(), config: Rc::clone(&self.config), site };
        let first = match source.shard_count().await {
            Ok(number) => source.lines(0, number, None).await.map(|first| (number, first)),
            Err(failure) => Err(failure),
        };
        let (number, first) = match first {
            Ok(first) => first,
            Err(failure) => return (answers::failures::read_failed(&failure), None),
        };
        let reply = answers::files::export(source.site.as_str());
        if head {
            return (reply, None);
        }
        let pipe = Pipe::new();
        let stream = pipe.readable();
        self.after_answer(async move {
            if source.send(number, first, &pipe).await.is_err() {
                // The file breaks off, so its reader sees that it failed. Nobody needs to know whether that reader has gone.
                let _ = JsFuture::from(pipe.fail()).await;
            }
        });
        (reply, Some(stream))
    }
}

/// The shards that an export reads. It outlives the answer to its request.
struct ExportSource {
    env: Env,
    config: Rc<Config>,
    site: Site,
}

impl ExportSource {
    /// The shards. Each question has a deadline of its own, because the reader decides how long the whole export takes.
    fn shards(&self) -> ShardClient<'_> {
        let deadline = now_ms().saturating_add(self.config.timeout_ms.into());
        ShardClient::new(&self.env, &self.config, Sender::default(), deadline)
    }

    async fn shard_count(&self) -> Result<u16, Failure> {
        self.shards().shard_count(&self.site).await
    }

    /// Some lines of a shard, which is one of `number`: those after a line, or the first.
    async fn lines(&self, shard: u16, number: u16, after: Option<&str>) -> Result<Exported, Failure> {
        match self.shards().ask_part((&self.site, shard), number, &Call::Export(after)).await? {
            Answer::Exported(exported) => Ok(exported),
            _ => Err(something_else()),
        }
    }

    /// Writes the file into the pipe. Fails once the reader has gone or a shard does not answer.
    async fn send(&self, number: u16, first: Exported, pipe: &Pipe) -> Result<(), ()> {
        let id = isolate::random().map(u128::from_le_bytes).map_err(|_| ())?;
        let now = String::from(Date::new_0().to_iso_string());
        write(pipe, &first_line(self.site.as_str(), &format!("{id:032x}"), &now)).await?;
        let (mut lines, mut changes) = (0_u64, 0_u64);
        let mut next = Some(first);
        for shard in 0..number {
            let mut page = match next.take() {
                Some(first) => first,
                None => self.lines(shard, number, None).await.map_err(|failure| tell(&failure))?,
            };
            while let Some(last) = page.lines.lines().next_back() {
                lines = lines.saturating_add(u64::try_from(page.lines.lines().count()).unwrap_or(u64::MAX));
                write(pipe, &page.lines).await?;
                let more = self.lines(shard, number, Some(last)).await.map_err(|failure| tell(&failure))?;
                changes = changes.saturating_add(u64::from(more.checkpointed != page.checkpointed));
                page = more;
            }
        }
        write(pipe, &last_line(lines, changes)).await?;
        JsFuture::from(pipe.end()).await.map(|_| ()).map_err(|_| ())
    }
}

async fn write(pipe: &Pipe, text: &str) -> Result<(), ()> {
    JsFuture::from(pipe.write(text)).await.map(|_| ()).map_err(|_| ())
}

fn tell(failure: &Failure) {
    log::problem("export_failed", &failure.to_string());
}
