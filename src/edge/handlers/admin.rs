//! What only the owner may do. The rules are in [`crate::counting::http::admin`], [`crate::counting::ledger::record`] and
//! [`crate::counting::ledger::import`]; this carries files in and out.

use crate::counting::config::settings::Config;
use crate::counting::config::variable::Access;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::admin::{AdminAction, AdminCommand};
use crate::counting::http::find_site::find_site;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::http::{access, answers};
use crate::counting::ledger::record::{Incoming, first_line, last_line};
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::{Answer, Exported, Imported};
use crate::counting::protocol::call::{Amend, Call, Import};
use crate::edge::clients::shards::{ShardClient, something_else};
use crate::edge::clients::sums::both;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::kept_answers;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::{headers, isolate, log};
use js_sys::{Date, Promise};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::Request;
use worker::Env;

#[wasm_bindgen(module = "/src/edge/handlers/transfer.js")]
extern "C" {
    pub(crate) type Pipe;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Pipe;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn readable(this: &Pipe) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn write(this: &Pipe, text: &str) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &Pipe) -> Promise;

    #[wasm_bindgen(method)]
    fn fail(this: &Pipe) -> Promise;

    type Lines;

    #[wasm_bindgen(constructor)]
    fn new(request: &Request) -> Lines;

    #[wasm_bindgen(method)]
    fn next(this: &Lines) -> Promise;

    #[wasm_bindgen(method)]
    fn drop(this: &Lines, bytes: u32) -> Promise;
}

/// How much of a file that is refused is read before the answer, in bytes: as much as Cloudflare takes of a request on most plans.
const MAX_DROPPED_BYTES: u32 = 100 * 1024 * 1024;

/// And for how long, in milliseconds.
const MAX_DROP_MS: u64 = 25_000;

impl RequestContext {
    /// Whether the request has the owner's token.
    pub(crate) fn check_owner(&self) -> Result<(), Refusal> {
        let closed = |refusal| if refusal == Refusal::Closed { Refusal::NoAdmin } else { refusal };
        self.check(&self.config.admin).map_err(closed)
    }

    /// Whether the request may, by its token.
    pub(crate) fn check(&self, access: &Access) -> Result<(), Refusal> {
        // Without randomness nothing can be compared, so nobody has the token.
        let key = isolate::random().map_err(|_| Refusal::Token)?;
        access::check(access, self.header(headers::AUTHORIZATION).as_deref(), u128::from_le_bytes(key))
    }

    /// Whether a WebSocket may, by its token in either place.
    pub(crate) fn check_socket(&self, access: &Access) -> Result<(), Refusal> {
        let key = isolate::random().map_err(|_| Refusal::Token)?;
        let protocols = self.header(headers::PROTOCOLS);
        self.check(access).or_else(|_| access::check_protocols(access, protocols.as_deref(), u128::from_le_bytes(key)))
    }

    /// Does what an owner wants. An export comes with a stream in place of its body.
    pub(crate) async fn run_admin_command(
        &self,
        command: &AdminCommand,
        head: bool,
    ) -> Result<(Reply, Option<JsValue>), Refusal> {
        let site = || self.check_owner().and_then(|()| find_site(Some(&command.site), &self.config.sites));
        let (site, page, done) = match &command.act {
            AdminAction::Import { add } => return self.take_file(site(), *add).await.map(no_stream),
            AdminAction::Export => return Ok(self.export(site()?, head).await),
            AdminAction::Set(page, views) => {
                let site = site()?;
                let done = self.set(&site, page, *views).await;
                (site, Some(page.as_str()), done)
            }
            AdminAction::Delete(page) => {
                let site = site()?;
                let done = self.amend(&site, &Amend::Delete { page: page.as_str() }).await;
                (site, Some(page.as_str()), done)
            }
            AdminAction::Wipe => {
                let site = site()?;
                let done = self.amend(&site, &Amend::Wipe).await;
                (site, None, done)
            }
        };
        let views = match done {
            Ok(_) => self.shards(Sender::default()).views(&site, page).await,
            Err(failure) => Err(failure),
        };
        Ok(no_stream(answers::reads::views(site.as_str(), page, &views)))
    }

    /// Imports a file, and answers after it whatever comes of it.
    async fn take_file(&self, site: Result<Site, Refusal>, add: bool) -> Result<Reply, Refusal> {
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

    /// Lets who sends a file to a wrong address send all of it: before that nobody reads an answer.
    pub(crate) async fn drop_file(&self) {
        let path = self.url().split_once('?').map_or(self.url(), |(path, _)| path);
        if self.told.method() == "POST" && path.ends_with("/import") {
            within(MAX_DROP_MS, JsFuture::from(Lines::new(&self.request).drop(MAX_DROPPED_BYTES))).await;
        }
    }

    /// Changes every shard alike; returns the views of the page before, if any has it.
    pub(crate) async fn amend(&self, site: &Site, amend: &Amend<'_>) -> Result<Option<u64>, Failure> {
        let _changing = kept_answers::Changing(site);
        let shards = self.shards(Sender::default());
        let mut sum = None;
        let number = shards.number(site).await?;
        for shard in 0..number {
            let Answer::Page(before) = shards.ask_part((site, shard), number, &Call::Amend(*amend)).await? else {
                return Err(something_else());
            };
            sum = both(sum, before);
        }
        Ok(sum)
    }

    /// Makes the views of a page so many: the first shard says all of them, the others none.
    pub(crate) async fn set(&self, site: &Site, page: &Page, views: u64) -> Result<Option<u64>, Failure> {
        let _changing = kept_answers::Changing(site);
        let page = page.as_str();
        let shards = self.shards(Sender::default());
        let mut sum = None;
        let number = shards.number(site).await?;
        for shard in 0..number {
            let amend = Amend::Set { page, views: if shard == 0 { views } else { 0 } };
            let Answer::Page(before) = shards.ask_part((site, shard), number, &Call::Amend(amend)).await? else {
                return Err(something_else());
            };
            sum = both(sum, before);
        }
        Ok(sum)
    }

    /// Makes the views of a page so many more, or fewer: in the first shard that has it, and what is more than that has in the next.
    pub(crate) async fn change(&self, site: &Site, page: &Page, by: i64) -> Result<(), Failure> {
        let _changing = kept_answers::Changing(site);
        let shards = self.shards(Sender::default());
        let id = change_id()?;
        let mut left = by;
        let number = shards.number(site).await?;
        for shard in 0..number {
            let amend = Amend::Change { page: page.as_str(), by: left, id: &id };
            match shards.ask_part((site, shard), number, &Call::Amend(amend)).await? {
                Answer::Page(None) => {}
                Answer::Page(Some(_)) if left > 0 => return Ok(()),
                Answer::Page(Some(before)) => left = left.saturating_add_unsigned(before).min(0),
                _ => return Err(something_else()),
            }
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Everything that was counted of a site, while it is read from its shards: no more of it than a piece is in memory.
    async fn export(&self, site: Site, head: bool) -> (Reply, Option<JsValue>) {
        let source = Source { env: self.env.clone(), config: Rc::clone(&self.config), site };
        let first = match source.number().await {
            Ok(number) => source.lines(0, number, None).await.map(|first| (number, first)),
            Err(failure) => Err(failure),
        };
        let (number, first) = match first {
            Ok(first) => first,
            Err(failure) => return no_stream(answers::failures::read_failed(&failure)),
        };
        let reply = answers::files::export(source.site.as_str());
        if head {
            return no_stream(reply);
        }
        let pipe = Pipe::new();
        let stream = pipe.readable();
        self.after_answer(async move {
            if source.send(number, first, &pipe).await.is_err() {
                // The reader sees that it breaks off. A reader who has gone sees nothing.
                let _ = JsFuture::from(pipe.fail()).await;
            }
        });
        (reply, Some(stream))
    }

    /// Adds what a file says. Each piece of it is stored by itself, and once: a file that broke off is sent again from its beginning.
    async fn import(&self, site: &Site, add: bool, lines: &Lines) -> Result<Reply, Refusal> {
        let mut file = Incoming::default();
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

    /// Stores in the first shard: every read adds up all of them.
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

fn no_stream(reply: Reply) -> (Reply, Option<JsValue>) {
    (reply, None)
}

/// What an export reads from; it outlives its request's answer.
struct Source {
    env: Env,
    config: Rc<Config>,
    site: Site,
}

impl Source {
    /// The shards, each question with a deadline of its own: how long all of it takes is up to who reads.
    fn shards(&self) -> ShardClient<'_> {
        let deadline = now_ms().saturating_add(self.config.timeout_ms.into());
        ShardClient::new(&self.env, &self.config, Sender::default(), deadline)
    }

    async fn number(&self) -> Result<u16, Failure> {
        self.shards().number(&self.site).await
    }

    /// Some of a shard, one of so many.
    async fn lines(&self, shard: u16, number: u16, after: Option<&str>) -> Result<Exported, Failure> {
        match self.shards().ask_part((&self.site, shard), number, &Call::Export(after)).await? {
            Answer::Exported(exported) => Ok(exported),
            _ => Err(something_else()),
        }
    }

    /// Writes the file.
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

/// What tells a retry of a change from another change.
///
/// # Errors
/// There is no randomness.
pub(crate) fn change_id() -> Result<String, Failure> {
    let random = isolate::random().map(u128::from_le_bytes)?;
    Ok(format!("{:013}-{random:032x}", now_ms()))
}

fn tell(failure: &Failure) {
    log::problem("export_failed", &failure.to_string());
}
