//! Origins and sites whose visits were refused: a shard keeps few names a day, those that keep sending visits, and only for a while.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::unlisted::{KEEP_DAYS, MAX_A_DAY, Unlisted};
use footfall::counting::protocol::answer::{Answer, Fault};
use footfall::counting::protocol::call::{Amend, Call, UnlistedVisits};
use footfall::counting::protocol::report::{Question, Span};
use footfall::counting::protocol::wire;
use support::sqlite::Sqlite;
use support::{DAY, T0};

const TODAY: u32 = 20_000;
const EVER: Span = Span { from: 0, until: u32::MAX };

fn serve(shard: &mut Shard<Sqlite>, call: &Call<'_>, now: u64) -> Answer {
    wire::decode(&shard.serve(&wire::encode(call), now).bytes).unwrap()
}

fn note(shard: &mut Shard<Sqlite>, name: &str, visits: u64) -> Answer {
    let note = UnlistedVisits { day: TODAY, unlisted: Unlisted::Origin.number(), name, visits };
    serve(shard, &Call::Unlisted(vec![note]), T0)
}

/// The names and their visits, those with the most visits first.
fn told(shard: &mut Shard<Sqlite>, now: u64) -> Vec<(String, u64)> {
    let Answer::Report(mut report) = serve(shard, &Call::Report(Question::Refused(EVER)), now) else { panic!() };
    report.sort_by(|a, b| b.views.cmp(&a.views).then_with(|| a.name.cmp(&b.name)));
    report.into_iter().map(|line| (line.name, line.views)).collect()
}

#[test]
fn visits_of_a_name_add_up_and_names_are_kept_for_a_month() {
    let mut shard = support::shard(Sqlite::new());
    for visits in [2, 3] {
        assert_eq!(note(&mut shard, "https://shop.example", visits), Answer::Noted);
    }
    let site = UnlistedVisits { day: TODAY, unlisted: Unlisted::Site.number(), name: "shop", visits: 1 };
    assert_eq!(serve(&mut shard, &Call::Unlisted(vec![site]), T0), Answer::Noted);
    let both = [("https://shop.example".to_owned(), 5), ("shop".to_owned(), 1)];
    assert_eq!(told(&mut shard, T0), both);
    let [last, over] = [KEEP_DAYS, KEEP_DAYS + 1].map(|days| T0 + u64::from(days) * DAY);
    shard.maintain(last, 90).unwrap();
    assert_eq!(told(&mut shard, last), both);
    shard.maintain(over, 90).unwrap();
    assert_eq!(told(&mut shard, over), []);
}

#[test]
fn made_up_names_shut_out_no_name_that_keeps_coming() {
    let mut shard = support::shard(Sqlite::new());
    for n in 0..2 * MAX_A_DAY {
        assert_eq!(note(&mut shard, &format!("https://{n}.example"), 1), Answer::Noted);
    }
    assert_eq!(told(&mut shard, T0).len(), MAX_A_DAY);
    assert_eq!(note(&mut shard, "https://shop.example", 2), Answer::Noted);
    for n in 100..100 + 2 * MAX_A_DAY {
        note(&mut shard, &format!("https://{n}.example"), 1);
    }
    let all = told(&mut shard, T0);
    assert_eq!((all.len(), all[0].0.as_str()), (MAX_A_DAY, "https://shop.example"));
}

#[test]
fn text_that_is_no_name_is_refused_and_a_wipe_forgets_all_names() {
    let mut shard = support::shard(Sqlite::new());
    for name in ["", "buy my things", "<b>", &"a".repeat(101)] {
        assert_eq!(note(&mut shard, name, 1), Answer::Refused(Fault::Malformed), "{name}");
    }
    let many = vec![UnlistedVisits { day: TODAY, unlisted: 0, name: "a", visits: 1 }; MAX_A_DAY + 1];
    assert_eq!(serve(&mut shard, &Call::Unlisted(many), T0), Answer::Refused(Fault::Malformed));
    note(&mut shard, "https://shop.example", 1);
    assert_eq!(serve(&mut shard, &Call::Amend(Amend::Wipe), T0), Answer::Page(None));
    assert_eq!(told(&mut shard, T0), []);
}
