//! The embedded counter, seen from a request: sends visits to the shards of their site, many in one POST.
//!
//! [`crate::counting::dispatch::routing`] decides which shard, [`crate::counting::dispatch::batcher`] who posts and who waits; this carries it
//! out.

use crate::counting::config::settings::Config;
use crate::counting::dispatch::batcher::{Action, Batcher, Entry, Event, LINGER_MS, Posting};
use crate::counting::dispatch::endpoint::{CounterEndpoint, Failure, PageViews, Registered};
use crate::counting::dispatch::reused::Reused;
use crate::counting::dispatch::routing::{ShardRoute, route};
use crate::counting::dispatch::ticket::Ticket;
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::dimensions::Dimensions;
use crate::counting::model::limits::OTHER;
use crate::counting::model::minute::{minute_made, salt_of};
use crate::counting::model::share::Share;
use crate::counting::model::site::Site;
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::{Sender, Visitor, visitor};
use crate::counting::protocol::answer::{Answer, Fault, Visitors};
use crate::counting::protocol::batch::{Counted, Receipt, Tally, Verdict};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::report::{MAX_LISTED, Question, Report, Slice, cut, plus};
use crate::counting::protocol::wire::{decode, encode};
use crate::edge::clients::days;
use crate::edge::clients::object_call::{BUSY_RETRY_AFTER_S, Object};
use crate::edge::clients::parking::{self, Wake};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::timer;
use crate::edge::runtime::{counts, isolate, log};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use worker::Env;

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "SHARD";

/// How often a visit is routed anew because a day ended on its way. Two days do not end within a deadline.
const MAX_ROUTES: u32 = 3;

/// How often a sum is begun anew because there are more shards than were asked. They grow once a day.
const MAX_SUMS: u32 = 3;

/// Shards that a read asks at once. More wait for these, so that a read of 256 shards holds few connections.
const READ_AT_ONCE: usize = 16;

thread_local! {
    /// The pages of the ids that this isolate saw counted.
    static REUSED: RefCell<Reused> = RefCell::default();
    /// The batchers of this isolate, by site and number of shard. Few sites are visited in one isolate, most often one.
    static BATCHERS: RefCell<Vec<(Site, Vec<Batcher>)>> = const { RefCell::new(Vec::new()) };
}

/// A shard of a site, by its number.
pub(crate) type Shard<'a> = (&'a Site, u16);

/// The shards of a deployment, as one request sees them.
pub(crate) struct ShardClient<'a> {
    pub(crate) env: &'a Env,
    pub(crate) config: &'a Config,
    /// Who made the visit; a read, or a visit that a server reports, has none.
    pub(crate) sender: Sender<'a>,
    /// When this request must have its answer, in milliseconds since 1970.
    pub(crate) deadline: u64,
    /// How many visits the batch had that answered this one; 0 unless visits are logged.
    pub(crate) batch: Cell<usize>,
}

impl CounterEndpoint for ShardClient<'_> {
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        let sampled = log::sample(self.config.log_visits);
        // Boxed, and so compiled once for all who register.
        let outcome = self.count(&visit).boxed_local().await;
        if let Err(failure) = &outcome {
            log::problem("visit_failed", &failure.to_string());
        }
        let registered = outcome.map(|(counted, views)| {
            let page = if counted.other { OTHER } else { visit.page.as_str() }.to_owned();
            let duplicate = counted.verdict == Verdict::Duplicate;
            let of_another = visit.id.as_ref().is_some_and(|id| is_of_another(&visit, id.fingerprint(), duplicate));
            Registered { duplicate, of_another, page: Some(PageViews { page, views }) }
        });
        sampled.visit((&registered).into(), self.batch.get());
        registered
    }
}

/// Whether a duplicate's id was counted for another page, as far as this isolate knows; notes the page of what was counted.
fn is_of_another(visit: &Visit, id: Fingerprint, duplicate: bool) -> bool {
    REUSED.with_borrow_mut(|reused| {
        if duplicate {
            return reused.is_of_another(&visit.site, &visit.page, id);
        }
        reused.counted(&visit.site, &visit.page, id);
        false
    })
}

impl<'a> ShardClient<'a> {
    pub(crate) fn new(env: &'a Env, config: &'a Config, sender: Sender<'a>, deadline: u64) -> Self {
        Self { env, config, sender, deadline, batch: Cell::new(0) }
    }
}

impl ShardClient<'_> {
    /// The views of a page, or of the whole site: the sum over all shards.
    pub(crate) async fn views(&self, site: &Site, page: Option<&str>) -> Result<u64, Failure> {
        let mut sum: u64 = 0;
        for answer in self.ask_all(site, &Call::Views(page)).await? {
            let Answer::Views(views) = answer else { return Err(something_else()) };
            sum = sum.saturating_add(views);
        }
        Ok(sum)
    }

    /// The views of a page, if it is there: the sum over all shards.
    pub(crate) async fn page(&self, site: &Site, page: &str) -> Result<Option<u64>, Failure> {
        let mut sum = None;
        for answer in self.ask_all(site, &Call::Page(page)).await? {
            let Answer::Page(views) = answer else { return Err(something_else()) };
            sum = both(sum, views);
        }
        Ok(sum)
    }

    /// A report of a site, that of all shards together; of a part of a list how many lines the whole has; and how many milliseconds ago it
    /// was so.
    pub(crate) async fn report(&self, site: &Site, question: &Question<'_>) -> Result<(Report, u64, u64), Failure> {
        let mut told = None;
        for _ in 0..MAX_SUMS {
            let number = self.number(site).await?;
            let (mut asked, mut part) = (*question, None);
            if let (2.., Question::List { of, slice }) = (number, *question) {
                // Which lines are among the first of all shards, no shard knows.
                asked = Question::List { of, slice: Slice { skip: 0, most: MAX_LISTED, ..slice } };
                part = Some(slice);
            }
            let answers = self.ask_all(site, &Call::Ask(asked)).await?;
            // More were asked than was known before: they were asked for parts of lists that fit a single one.
            if answers.len() == usize::from(number) {
                told = Some((answers, part));
                break;
            }
        }
        let (answers, part) = told.ok_or(Failure::Busy { retry_after: 1 })?;
        let mut sum: Option<(Report, u64, u64)> = None;
        for answer in answers {
            let Answer::Told { report, names, age } = answer else { return Err(something_else()) };
            sum = Some(match sum {
                None => (report, names, age),
                Some((before, most, oldest)) => (plus(before, report), names.max(most), age.max(oldest)),
            });
        }
        let (report, names, age) = sum.ok_or_else(something_else)?;
        Ok(match part {
            None => (report, names, age),
            Some(slice) => {
                let names = names.max(u64::try_from(report.len()).unwrap_or(u64::MAX));
                (cut(report, &slice), names, age)
            }
        })
    }

    /// The visitors of a day. Exact, because a visitor is in one shard all day.
    pub(crate) async fn visitors(&self, site: &Site, day: Day) -> Result<Visitors, Failure> {
        let mut sum = Visitors::default();
        for answer in self.ask_all(site, &Call::Visitors(day)).await? {
            let Answer::Visitors(visitors) = answer else { return Err(something_else()) };
            sum = sum.plus(visitors);
        }
        Ok(sum)
    }

    /// Asks every shard of a site. Fails whole: part of a sum would be an invented number. Where the first shard knows of more than
    /// this isolate does, asks all of them anew.
    pub(crate) async fn ask_all(&self, site: &Site, call: &Call<'_>) -> Result<Vec<Answer>, Failure> {
        let call = encode(call);
        for _ in 0..MAX_SUMS {
            let shards = self.number(site).await?;
            let names: Vec<String> = (0..shards).map(|shard| object_name(site, shard)).collect();
            let part = encode(&Call::Sum { shards, call: &call });
            let mut answers = Vec::with_capacity(names.len());
            for some in names.chunks(READ_AT_ONCE) {
                for answer in all(some.iter().map(|name| self.ask(name, &part).boxed_local()).collect()).await {
                    answers.push(answer?);
                }
            }
            let more = answers.iter().filter_map(outgrown).max();
            let Some(more) = more else { return Ok(answers) };
            days::outgrown(site, more);
        }
        Err(Failure::Busy { retry_after: 1 })
    }

    /// How many shards a site has, as far as this isolate knows.
    pub(crate) async fn number(&self, site: &Site) -> Result<u16, Failure> {
        if let Some(shards) = days::shards(site) {
            return Ok(shards);
        }
        let record = self.today(site).await;
        record.map(|record| record.shards).ok_or_else(|| Failure::Refused("the site's number of shards is not known".to_owned()))
    }

    /// Asks one shard for its part of what so many are asked, one after the other. Where there are more of them by now, nothing
    /// is done, and whoever asks again asks all.
    pub(crate) async fn ask_part(&self, (site, shard): Shard<'_>, shards: u16, call: &Call<'_>) -> Result<Answer, Failure> {
        let answer = self.ask_one(site, shard, &Call::Sum { shards, call: &encode(call) }).await?;
        let Some(more) = outgrown(&answer) else { return Ok(answer) };
        days::outgrown(site, more);
        Err(Failure::Busy { retry_after: 1 })
    }

    /// Asks one shard, by its number.
    pub(crate) async fn ask_one(&self, site: &Site, shard: u16, call: &Call<'_>) -> Result<Answer, Failure> {
        self.ask(&object_name(site, shard), &encode(call)).await
    }

    /// Asks one shard.
    async fn ask(&self, name: &str, call: &[u8]) -> Result<Answer, Failure> {
        Object { env: self.env, binding: BINDING, name }.call(call, self.deadline, read).await
    }

    async fn today(&self, site: &Site) -> Option<DayRecord> {
        days::today(self.env, site, self.config.shards, self.deadline).await
    }

    /// Counts a visit under the day's record, and again under the next where the day ends on the way. Returns the views of
    /// its page as well, if its shard knows all of them.
    async fn count(&self, visit: &Visit) -> Result<(Counted, Option<u64>), Failure> {
        let id = visit.id.as_ref().map(|id| id.fingerprint());
        // Asking for the time leaves WebAssembly.
        let made = if visit.age > 0 { minute_made(visit.age, now_ms()) } else { None };
        for _ in 0..MAX_ROUTES {
            let record = self.today(&visit.site).await;
            let visitor = visitor(self.sender, &visit.site, salt_of(record.as_ref(), made));
            let route = route(id, visitor, record.as_ref(), isolate::name()?, day_of(now_ms()))?;
            let ShardRoute { shard, day, ask_first, visitors } = route;
            // A visit without an id takes up no memory of ids.
            let share = id.map_or_else(Share::default, |_| Share::of(self.sender, &visit.site, record.map(|record| record.salt)));
            let entry = |visitor| {
                let (page, details) = (visit.page.as_str().to_owned(), visit.details.clone());
                Entry { page, details, id, visitor, day, made, share, by_server: self.sender.reports, deadline: self.deadline }
            };
            let here = if visitors.is_some() { Visitor::Elsewhere } else { visitor };
            let counted = match (ask_first, id) {
                (Some(before), Some(id)) if self.seen(&visit.site, before, day, id).await? => {
                    Counted { verdict: Verdict::Duplicate, other: false, views: 0 }
                }
                _ => self.count_at((&visit.site, shard), entry(here)).await?,
            };
            match counted.verdict {
                Verdict::Counted => {
                    if let (Some(at), Visitor::Hash(hash)) = (visitors, visitor) {
                        let guest = Entry { id: None, details: Dimensions::default(), ..entry(Visitor::Guest(hash)) };
                        // The view is stored: it stands even if its visitor cannot be told.
                        match self.count_at((&visit.site, at), guest).await {
                            Ok(Counted { verdict: Verdict::Counted | Verdict::Duplicate, .. }) => {}
                            Ok(_) => log::problem("visitor_lost", "the day was over where the visitor is counted"),
                            Err(failure) => log::problem("visitor_lost", &failure.to_string()),
                        }
                    }
                }
                Verdict::Duplicate => {}
                Verdict::Full => break,
                Verdict::Stale => {
                    days::forget(&visit.site, day);
                    continue;
                }
            }
            // One shard of several knows its own part of the page's views only.
            let is_whole = record.is_some_and(|record| record.shards == 1) && days::shards(&visit.site) == Some(1);
            return Ok((counted, is_whole.then_some(counted.views)));
        }
        Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S })
    }

    async fn seen(&self, site: &Site, shard: u16, day: Day, id: Fingerprint) -> Result<bool, Failure> {
        match self.ask(&object_name(site, shard), &encode(&Call::Seen { day, id })).await? {
            Answer::Seen(seen) => Ok(seen),
            _ => Err(something_else()),
        }
    }

    /// Posts, or waits for the visit that does, until this visit has an answer.
    async fn count_at(&self, at: Shard<'_>, entry: Entry) -> Result<Counted, Failure> {
        let ticket = isolate::next_number();
        let mut event = Event::Arrived(ticket, entry.clone());
        loop {
            let until = match carry_out(ticket, step(at, event)) {
                Next::Post(posting) => {
                    let answer = self.lead(at, ticket, posting).await;
                    self.batch.set(log::batch_of(ticket));
                    return answer;
                }
                Next::Answer(answer) => return answer,
                Next::Park(until) => until,
                Next::Nothing => return Err(Failure::Broken("nobody said what the visit does next".to_owned())),
            };
            event = match parking::park(ticket, until.saturating_sub(now_ms())).await {
                Wake::Lead => {
                    timer(LINGER_MS).await;
                    Event::TookLead(ticket, entry.clone())
                }
                Wake::Answer(answer) => {
                    self.batch.set(log::batch_of(ticket));
                    return answer;
                }
                Wake::Rang => Event::Rang(ticket, entry.clone()),
            };
        }
    }

    async fn post(&self, (site, shard): Shard<'_>, posting: &Posting) -> Result<Receipt, Failure> {
        counts::batch(posting.tickets().count());
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::posts(posting);
        match self.ask(&object_name(site, shard), &encode(&Call::Register(posting.batch(isolate::name()?)))).await? {
            Answer::Receipt(receipt) => Ok(receipt),
            Answer::Among(shards, receipt) => {
                days::outgrown(site, shards);
                Ok(receipt)
            }
            _ => Err(something_else()),
        }
    }

    /// Posts what was noted of the site, if nobody posts to its first shard just now; then the notes go with the next batch. Returns
    /// whether nothing is left.
    pub(crate) async fn flush(&self, site: &Site) -> bool {
        let at = (site, 0);
        for action in step(at, Event::Flush { deadline: self.deadline }) {
            if let Action::Post(posting) = action {
                let outcome = self.post(at, &posting).await;
                carry_out(0, step(at, Event::Ended(posting, outcome)));
            }
        }
        with_batcher(at, |batcher| !batcher.has_tallies()).unwrap_or(true)
    }

    /// Posts a batch, answers its visits and hands on the lead. If this is never resumed, the lead lapses.
    async fn lead(&self, at: Shard<'_>, leader: Ticket, posting: Posting) -> Result<Counted, Failure> {
        let outcome = self.post(at, &posting).await;
        match carry_out(leader, step(at, Event::Ended(posting, outcome))) {
            Next::Answer(answer) => answer,
            Next::Post(_) | Next::Park(_) | Next::Nothing => {
                Err(Failure::Broken("the batch has no line for its leader".to_owned()))
            }
        }
    }
}

/// What a visit does next itself.
enum Next {
    Post(Posting),
    /// Waits until this time, in milliseconds since 1970.
    Park(u64),
    Answer(Result<Counted, Failure>),
    Nothing,
}

/// Does what concerns other visits, and says what is left for this one.
fn carry_out(own: Ticket, actions: Vec<Action>) -> Next {
    let mut next = Next::Nothing;
    // All visits that are answered at once were in one batch.
    let answered = actions.iter().filter(|action| matches!(action, Action::Answer(..))).count();
    for action in actions {
        if let Action::Answer(ticket, _) = &action {
            log::batch(*ticket, answered);
        }
        match action {
            Action::Post(posting) => next = Next::Post(posting),
            Action::Park { until } => next = Next::Park(until),
            Action::Answer(ticket, answer) if ticket == own => next = Next::Answer(answer),
            Action::Answer(ticket, answer) => parking::answer(ticket, &answer),
            Action::Lead(ticket) => parking::lead(ticket),
        }
    }
    next
}

/// Waits for all of a few futures. They are polled together, so none waits for another; `join_all` does the same for very
/// many, and is larger by a part of what the Worker may weigh.
pub(crate) async fn all<T>(futures: Vec<LocalBoxFuture<'_, T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        let mut all = Poll::Ready(());
        for future in &mut futures {
            if Pin::new(future).poll(context).is_pending() {
                all = Poll::Pending;
            }
        }
        all
    })
    .await;
    futures.into_iter().filter_map(|future| if let MaybeDone::Done(done) = future { Some(done) } else { None }).collect()
}

/// The views of a page in two shards together, if it is in either.
pub(crate) fn both(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.saturating_add(two)),
        (one, two) => one.or(two),
    }
}

fn object_name(site: &Site, shard: u16) -> String {
    format!("{}/{shard}", site.as_str())
}

fn step(at: Shard<'_>, event: Event) -> Vec<Action> {
    with_batcher(at, |batcher| batcher.step(event, now_ms())).unwrap_or_default()
}

/// Notes visits that are not counted, for the next batch to the site's first shard.
pub(crate) fn note(site: &Site, tally: Tally) {
    with_batcher((site, 0), |batcher| batcher.exclude(tally));
}

/// Visits that are parked in this isolate.
pub(crate) fn parked() -> u64 {
    of_all(|batcher| u64::try_from(batcher.parked()).unwrap_or(u64::MAX))
}

/// Leads of this isolate that lapsed.
pub(crate) fn lapsed() -> u64 {
    of_all(Batcher::lapsed)
}

fn of_all(of: fn(&Batcher) -> u64) -> u64 {
    BATCHERS.with_borrow(|sites| sites.iter().flat_map(|(_, batchers)| batchers).map(of).sum())
}

fn with_batcher<T>((site, shard): Shard<'_>, work: impl FnOnce(&mut Batcher) -> T) -> Option<T> {
    BATCHERS.with_borrow_mut(|sites| {
        let shard = usize::from(shard);
        let at = sites.iter().position(|(known, _)| known == site).unwrap_or(sites.len());
        if at == sites.len() {
            sites.push((site.clone(), Vec::new()));
        }
        let (_, batchers) = sites.get_mut(at)?;
        if batchers.len() <= shard {
            batchers.resize_with(shard.saturating_add(1), Batcher::default);
        }
        batchers.get_mut(shard).map(work)
    })
}

/// How many shards there are, if an answer says that it is more than were asked.
fn outgrown(answer: &Answer) -> Option<u16> {
    if let Answer::Refused(Fault::Outgrown(shards)) = answer { Some(*shards) } else { None }
}

/// Reads an answer; one that was refused is a failure, unless the asker has to ask more shards.
pub(crate) fn read(answer: &[u8]) -> Result<Answer, Failure> {
    match decode(answer) {
        Ok(Answer::Refused(Fault::Outgrown(shards))) => Ok(Answer::Refused(Fault::Outgrown(shards))),
        Ok(Answer::Refused(fault)) => Err(fault_to_failure(fault)),
        Ok(answer) => Ok(answer),
        Err(_) => Err(Failure::Broken("the shard's answer cannot be read".to_owned())),
    }
}

pub(crate) fn something_else() -> Failure {
    Failure::Broken("the shard answered something else".to_owned())
}

fn fault_to_failure(fault: Fault) -> Failure {
    match fault {
        Fault::Malformed => Failure::Refused("the shard cannot read the call".to_owned()),
        Fault::Full => Failure::Busy { retry_after: BUSY_RETRY_AFTER_S },
        Fault::Superseded => Failure::Broken("a later batch came first".to_owned()),
        Fault::Pages => Failure::Refused("there are as many pages as there may be".to_owned()),
        Fault::TooMany => Failure::Refused("there would be more views than can be told exactly".to_owned()),
        Fault::Outgrown(_) => Failure::Refused("there are more shards than were asked".to_owned()),
        Fault::Storage => Failure::Broken("the shard's storage failed".to_owned()),
    }
}
