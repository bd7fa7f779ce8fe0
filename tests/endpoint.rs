//! `GET /` with fake counter endpoints: each outcome of a visit has its own status, text and header.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

use footfall::counting::dispatch::endpoint::{CounterEndpoint, Failure, PageViews, Registered};
use footfall::counting::http::home::home;
use footfall::counting::http::reply::Reply;
use footfall::counting::model::page::Page;
use footfall::counting::model::site::Sites;
use footfall::counting::model::visit::Visit;
use footfall::counting::model::visit_id::VisitId;
use futures_executor::block_on;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// What a fake does with a visit.
#[derive(Clone, Debug)]
enum Mode {
    /// Stores the visit and says so.
    Works,
    /// Does not store the visit, and reports this failure.
    Fails(Failure),
    /// Stores the visit, but reports this failure: the answer was lost.
    FailsButApplied(Failure),
}

/// A counter endpoint that counts each id once.
struct Fake {
    mode: RefCell<Mode>,
    stored: RefCell<BTreeSet<String>>,
    calls: Cell<u32>,
}

impl Fake {
    fn new(mode: Mode) -> Self {
        Self { mode: RefCell::new(mode), stored: RefCell::default(), calls: Cell::new(0) }
    }
}

impl CounterEndpoint for Fake {
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        self.calls.set(self.calls.get() + 1);
        let mode = self.mode.borrow().clone();
        // A real endpoint yields while it waits, and the handler must resume.
        yield_once().await;
        if let Mode::Fails(failure) = mode {
            return Err(failure);
        }
        let id = visit.id.unwrap().as_str().to_owned();
        let duplicate = !self.stored.borrow_mut().insert(id);
        let page = Some(PageViews { page: visit.page.as_str().to_owned(), views: Some(1) });
        match mode {
            Mode::FailsButApplied(failure) => Err(failure),
            _ => Ok(Registered { duplicate, of_another: false, page }),
        }
    }
}

/// Pending on the first poll, and wakes its task at once.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn a_visit() -> Visit {
    let id = Some(VisitId::parse("visit-1").unwrap());
    Visit { site: Sites::parse("blog").unwrap().first().clone(), page: Page::root(), id, details: Default::default(), age: 0 }
}

/// The parts of an answer that a visitor or a program sees.
fn shown(reply: &Reply) -> (u16, &str, &str, Option<u32>) {
    assert_eq!((reply.content_type, reply.allow), ("text/plain; charset=utf-8", None));
    (reply.status, &reply.body, reply.visit.unwrap().as_str(), reply.retry_after)
}

const WELCOME: &str = "Welcome to my site!";
const ERROR: &str = "Error registering your visit";

#[test]
fn a_visit_that_is_stored_is_welcome() {
    let fake = Fake::new(Mode::Works);
    assert_eq!(shown(&block_on(home(&fake, a_visit()))), (200, WELCOME, "counted", None));
    assert_eq!(
        shown(&block_on(home(&fake, a_visit()))),
        (200, WELCOME, "duplicate", None),
        "a visit that was stored before is welcome, too"
    );
    assert_eq!((fake.calls.get(), fake.stored.borrow().len()), (2, 1), "each visit is one call");
}

#[test]
fn a_failure_is_never_welcome_and_says_whether_the_visit_may_be_stored() {
    let text = || "secret detail".to_owned();
    for (failure, status, became, retry_after) in [
        (Failure::Refused(text()), 502, "failed", None),
        (Failure::Broken(text()), 502, "unknown", None),
        (Failure::Busy { retry_after: 7 }, 503, "failed", Some(7)),
        (Failure::Overloaded { retry_after: 7 }, 503, "unknown", Some(7)),
        (Failure::Deadline { sent: false }, 504, "failed", None),
        (Failure::Deadline { sent: true }, 504, "unknown", None),
    ] {
        let fake = Fake::new(Mode::Fails(failure.clone()));
        let reply = block_on(home(&fake, a_visit()));
        assert_eq!(shown(&reply), (status, ERROR, became, retry_after), "{failure:?}");
        assert_eq!(failure.surely_not_stored(), became == "failed", "{failure:?}");
        assert_eq!(fake.calls.get(), 1, "the handler does not retry: the endpoint does");
    }
}

#[test]
fn a_lost_answer_is_in_doubt_and_the_same_visit_again_settles_it() {
    for failure in [Failure::Broken("reset".to_owned()), Failure::Deadline { sent: true }] {
        let fake = Fake::new(Mode::FailsButApplied(failure));
        let lost = block_on(home(&fake, a_visit()));
        assert_eq!((&*lost.body, lost.visit.unwrap().as_str()), (ERROR, "unknown"));
        fake.mode.replace(Mode::Works);
        assert_eq!(shown(&block_on(home(&fake, a_visit()))), (200, WELCOME, "duplicate", None));
        assert_eq!(fake.stored.borrow().len(), 1);
    }
}

#[test]
fn after_each_failure_the_next_visit_is_welcome() {
    let fake = Fake::new(Mode::Fails(Failure::Refused(String::new())));
    assert_eq!(block_on(home(&fake, a_visit())).status, 502);
    fake.mode.replace(Mode::Works);
    assert_eq!(shown(&block_on(home(&fake, a_visit()))), (200, WELCOME, "counted", None));
}

#[test]
fn a_visit_that_is_cancelled_while_it_waits_is_dropped_without_an_answer() {
    let fake = Fake::new(Mode::Works);
    let mut visit = Box::pin(home(&fake, a_visit()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(visit.as_mut().poll(&mut context).is_pending());
    drop(visit);
    assert_eq!((fake.calls.get(), fake.stored.borrow().len()), (1, 0));
    assert_eq!(shown(&block_on(home(&fake, a_visit()))), (200, WELCOME, "counted", None), "the next visit counts");
}
