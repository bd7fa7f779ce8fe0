//! The Durable Object of a shard: the shell of [`crate::counting::shard`].

use super::clock::now_ms;
use super::log;
use super::sql::ObjectSql;
use crate::counting::days::until_over;
use crate::counting::ledger::seen::WINDOW_MS;
use crate::counting::shard;
use crate::counting::wire::MAX_BATCH_VISITS;
use futures_util::FutureExt;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The longest call, in bytes: a full batch of the longest pages, with 64 bytes of its own for each visit.
const MAX_CALL_BYTES: usize = MAX_BATCH_VISITS * (crate::counting::page::MAX_PAGE_BYTES + 64);

/// One shard of a site.
#[durable_object(alarm)]
pub struct Shard {
    state: State,
    shard: RefCell<shard::Shard<ObjectSql>>,
    /// Whether an alarm is known to be set.
    armed: Cell<bool>,
}

impl DurableObject for Shard {
    fn new(state: State, _env: Env) -> Self {
        let sql = ObjectSql::new(&state.storage());
        Self { state, shard: RefCell::new(shard::Shard::new(sql)), armed: Cell::new(false) }
    }

    /// Serves one call. Its writes and its answer happen in one turn, and the platform holds the answer back until the
    /// writes are durable.
    async fn fetch(&self, request: Request) -> Result<Response> {
        // Boxed, and so compiled once: as part of the exported future it would be compiled twice.
        self.serve(request).boxed_local().await
    }

    async fn alarm(&self) -> Result<Response> {
        self.maintain().boxed_local().await
    }
}

impl Shard {
    async fn serve(&self, mut request: Request) -> Result<Response> {
        let call = request.bytes().await?;
        if call.len() > MAX_CALL_BYTES {
            return Response::error("call too large", 413);
        }
        self.arm().await?;
        let served = self.shard.borrow_mut().serve(&call, now_ms());
        if let Some(error) = &served.error {
            log::problem("storage_failed", &error.0);
        }
        Response::from_bytes(served.bytes)
    }

    /// Folds the journal and forgets what is old. Runs at least once for each time it is due; twice does no harm.
    async fn maintain(&self) -> Result<Response> {
        let again = self.shard.borrow_mut().maintain(now_ms());
        self.armed.set(false);
        match again {
            Ok(true) => self.arm().await?,
            Ok(false) => {}
            // The platform runs a failed alarm again.
            Err(error) => {
                log::problem("storage_failed", &error.0);
                return Err(worker::Error::RustError(error.0));
            }
        }
        Response::empty()
    }

    /// Sets the alarm where none is set.
    async fn arm(&self) -> Result<()> {
        if !self.armed.get() {
            let storage = self.state.storage();
            if storage.get_alarm().await?.is_none() {
                storage.set_alarm(Duration::from_millis(until_over(WINDOW_MS, now_ms()))).await?;
            }
            self.armed.set(true);
        }
        Ok(())
    }
}
