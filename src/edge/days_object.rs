//! The Durable Object of a site's days: the shell of [`crate::counting::days`].

use super::clock::now_ms;
use super::sql::ObjectSql;
use super::{isolate, log};
use crate::counting::days::{self, DAY_MS, until_over};
use crate::counting::ledger::StorageError;
use crate::counting::wire::{DayAnswer, DayCall, decode, encode};
use futures_util::FutureExt;
use std::time::Duration;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The days of one site.
#[durable_object(alarm)]
pub struct Days {
    state: State,
    days: days::Days<ObjectSql>,
}

impl DurableObject for Days {
    fn new(state: State, _env: Env) -> Self {
        let days = days::Days::new(ObjectSql::new(&state.storage()));
        Self { state, days }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        // Boxed, and so compiled once: as part of the exported future it would be compiled twice.
        self.serve(request).boxed_local().await
    }

    /// Deletes the salts of days that are over. Twice does no harm; the platform runs a failed alarm again.
    async fn alarm(&self) -> Result<Response> {
        self.maintain().boxed_local().await
    }
}

impl Days {
    async fn serve(&self, mut request: Request) -> Result<Response> {
        let call = request.bytes().await?;
        let now = now_ms();
        // An alarm that is set already is set to the same time or an earlier one.
        if self.state.storage().get_alarm().await?.is_none() {
            self.arm(now).await?;
        }
        let answer = match decode(&call) {
            Ok(call) => self.record(&call, now).unwrap_or_else(|error| {
                log::problem("storage_failed", &error.0);
                DayAnswer::Storage
            }),
            Err(_) => DayAnswer::Malformed,
        };
        Response::from_bytes(encode(&answer))
    }

    async fn maintain(&self) -> Result<Response> {
        let now = now_ms();
        match self.days.maintain(now) {
            // A visit just after midnight made a salt before this alarm ran: its day will be over, too.
            Ok(true) => self.arm(now).await?,
            Ok(false) => {}
            Err(error) => {
                log::problem("storage_failed", &error.0);
                return Err(worker::Error::RustError(error.0));
            }
        }
        Response::empty()
    }

    fn record(&self, call: &DayCall, now: u64) -> std::result::Result<DayAnswer, StorageError> {
        let random = isolate::random().map_err(|failure| StorageError(format!("{failure:?}")))?;
        let record = self.days.record(call.day, call.shards, random, now)?;
        Ok(record.map_or(DayAnswer::Malformed, DayAnswer::Record))
    }

    async fn arm(&self, now: u64) -> Result<()> {
        self.state.storage().set_alarm(Duration::from_millis(until_over(DAY_MS, now))).await
    }
}
