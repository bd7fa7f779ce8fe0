//! A week of a shard, as calls at fixed times. It holds no number that the program works out, so every version is told the same.

use crate::support::{DAY, HOUR, NOBODY, SECOND, Sent, T0, batch, details, visit};
use footfall::counting::model::client::Device;
use footfall::counting::model::unlisted::Unlisted;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::batch::{Batch, Tally};
use footfall::counting::protocol::call::{Amend, Call, Import, UnlistedVisits};
use footfall::counting::protocol::report::{Question, Span, Step, Times};
use footfall::counting::protocol::wire::encode;
use std::collections::BTreeMap;

/// The day on which the story begins: 4 October 2024.
pub(crate) const FIRST: u32 = 20_000;
/// The day on which it ends.
pub(crate) const TODAY: u32 = FIRST + 6;
/// When the database is opened: 20 seconds after its last row.
pub(crate) const OPENED: u64 = T0 + 6 * DAY + 7 * HOUR;
/// How many days hours are kept. Older ones are rolled up.
pub(crate) const KEEP_DAYS: u32 = 3;
/// The id of the imported file.
pub(crate) const FILE: &str = "counter-before";
/// The id of a change that may still come again.
pub(crate) fn change_id() -> String {
    format!("{:013}-again", OPENED - 45 * SECOND)
}

const MINUTE: u64 = 60 * SECOND;

/// The lines of the imported file.
pub(crate) const IMPORTED: &str = r#"{"page":"/old","views":70}
{"page":"/p007","views":5}
{"page":"/p007","hour":"2024-10-05T03Z","views":5,"visitors":4,"newcomers":3}
{"page":"/old","day":"2024-09-01","views":60,"visitors":20}
{"hour":"2024-10-05T03Z","views":5,"visitors":4,"newcomers":3}
{"day":"2024-09-01","views":60,"visitors":20}
{"day":"2024-09-01","visitors":20}
{"day":"2024-09-01","withheld":"opted_out","views":7}
{"day":"2024-09-01","kind":"country","value":"FR","views":40}
{"day":"2024-09-01","excluded":"bot","visits":9}"#;

/// What happens to the shard.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A call, as bytes.
    Call(Vec<u8>),
    /// The alarm.
    Maintain,
    /// Nobody watches any more.
    Unwatched,
}

/// A batch, for those who ask about it later.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) isolate: u128,
    pub(crate) sequence: u64,
    pub(crate) at: u64,
    pub(crate) sent: Vec<Sent>,
}

/// The whole story.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) acts: Vec<(u64, Act)>,
    pub(crate) batches: Vec<Told>,
    sequences: BTreeMap<u128, u64>,
    /// How many visits there were.
    visits: u64,
}

/// A number that looks random.
pub(crate) fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The hash of the `n`th person on a day.
pub(crate) fn person(day: u32, n: u64) -> u64 {
    mixed(u64::from(day) * 1_000 + n)
}

/// The name of a page: most have plain ones.
fn page(n: u64) -> String {
    match n {
        1 => "/it's \"quoted\"".to_owned(),
        2 => "/caf\u{e9}/\u{65e5}\u{672c}".to_owned(),
        3 => "/a?b=c&d=%25".to_owned(),
        _ => format!("/p{n:03}"),
    }
}

impl Story {
    /// All of it.
    pub(crate) fn new() -> Self {
        let mut story = Self::default();
        for day in 0..6 {
            story.day(day);
        }
        story.last_day();
        story
    }

    fn call(&mut self, at: u64, call: &Call<'_>) {
        self.acts.push((at, Act::Call(encode(call))));
    }

    fn send(&mut self, at: u64, isolate: u128, sent: Vec<Sent>, tallies: Vec<Tally>) {
        let sequence = self.sequences.entry(isolate).or_default();
        *sequence += 1;
        let sequence = *sequence;
        self.call(at, &Call::Register(Batch { tallies, ..batch(isolate, sequence, at, &sent) }));
        self.batches.push(Told { isolate, sequence, at, sent });
    }

    /// Visits of a time, of all kinds. They name `pages` pages from `first` on.
    fn visits(&mut self, at: u64, how_many: u64, first: u64, pages: u64) -> Vec<Sent> {
        let day = u32::try_from(at / DAY).unwrap();
        let visits = (0..how_many).map(|_| {
            self.visits += 1;
            let n = self.visits;
            let sent = visit(&page(first + mixed(n) % pages));
            let sent = match n % 4 {
                0 => sent.from(&details(Some(Device::Mobile), "FR", "news.example", [""; 3])),
                1 => sent.from(&details(Some(Device::Desktop), "DE", "t.co", ["letter", "mail", "spring"])),
                _ => sent,
            };
            let someone = person(day, n % 37);
            let sent = match n % 10 {
                0..=4 => sent.by(someone),
                5 => Sent { visitor: Visitor::Withheld(Withheld::OptedOut), ..sent },
                6 => Sent { visitor: Visitor::Withheld(Withheld::NoSalt), ..sent },
                7 => Sent { visitor: Visitor::Elsewhere, ..sent.id(mixed(n)).address(9) },
                8 => Sent { visitor: Visitor::Guest(VisitorHash(someone)), ..sent },
                _ => Sent { visitor: NOBODY, ..sent },
            };
            let sent = match n % 5 {
                1 => sent.id(mixed(n)).address(u16::try_from(n % 7).unwrap()),
                2 => sent.id(mixed(n)).server(u16::try_from(n % 3).unwrap()),
                _ => sent,
            };
            if n.is_multiple_of(19) { sent.made(at - 50 * MINUTE) } else { sent }
        });
        visits.collect()
    }

    fn day(&mut self, day: u32) {
        let today = FIRST + day;
        if day == 0 {
            let every: Vec<Sent> = (0..340).map(|n| visit(&page(n))).collect();
            self.send(T0 - HOUR, 9, every, Vec::new());
        }
        for (part, hour) in [0, 4, 9].into_iter().enumerate() {
            let at = T0 + u64::from(day) * DAY + hour * HOUR + u64::from(day) * 17 * MINUTE;
            let tallies = vec![Tally { day: today, reason: u8::try_from(part).unwrap(), visits: 2 + u64::from(day) }];
            let sent = self.visits(at, 12, 60 * u64::from(day), 60);
            self.send(at, 1 + part as u128, sent, tallies);
            let sent = self.visits(at + 40 * SECOND, 6, 0, 10);
            self.send(at + 40 * SECOND, 1, sent, Vec::new());
        }
        let evening = T0 + u64::from(day) * DAY + 10 * HOUR + u64::from(day) * 17 * MINUTE;
        let refused = |unlisted: Unlisted, name, visits| UnlistedVisits { day: today, unlisted: unlisted.number(), name, visits };
        let notes =
            vec![refused(Unlisted::Origin, "https://shop.example", 3 + u64::from(day)), refused(Unlisted::Site, "shop", 1)];
        self.call(evening, &Call::Unlisted(notes));
        match day {
            2 => {
                let two = IMPORTED.match_indices('\n').nth(1).unwrap().0;
                let (some, rest) = IMPORTED.split_at(two);
                self.call(evening, &Call::Import(Import { id: FILE, before: 0, lines: some }));
                self.call(evening, &Call::Import(Import { id: FILE, before: 2, lines: rest.trim_start() }));
            }
            3 => {
                self.call(evening, &Call::Amend(Amend::Set { page: &page(5), views: 1 }));
                self.call(evening, &Call::Amend(Amend::Delete { page: &page(6) }));
                self.call(evening, &Call::Amend(Amend::Make { page: "/made", views: 8, most: 1_000, id: "1728000000000-made" }));
            }
            4 => self.call(evening, &Call::Grow(3)),
            5 => self.acts.push((evening, Act::Unwatched)),
            _ => {}
        }
        self.acts.push((evening + HOUR, Act::Maintain));
    }

    /// Today: a checkpoint half a minute before the end, with batches on both sides of it.
    fn last_day(&mut self) {
        for hour in 0..6 {
            let at = T0 + 6 * DAY + hour * HOUR;
            let sent = self.visits(at, 60, 300, 40);
            self.send(at, 4 + u128::from(hour % 3), sent, vec![Tally { day: TODAY, reason: 0, visits: 1 }]);
        }
        let before = OPENED - 75 * SECOND;
        for n in 0..8 {
            let sent = self.visits(before + n * SECOND, 3 + n, 310, 20);
            self.send(before + n * SECOND, 10 + u128::from(n), sent, Vec::new());
        }
        let change = Amend::Change { page: &page(7), by: 40, id: &change_id() };
        self.call(OPENED - 55 * SECOND, &Call::Amend(change));
        let before = OPENED - 50 * SECOND;
        for n in 0..4 {
            let sent = self.visits(before + n * SECOND, 4, 315, 20);
            self.send(before + n * SECOND, 14 + u128::from(n), sent, Vec::new());
        }
        let times = Times::of_days(Span { from: FIRST, until: TODAY + 1 });
        let report = Question::Times { page: None, times, step: Step::All };
        self.call(OPENED - 45 * SECOND, &Call::Ask(report));
        // Only the journal has the rest.
        for n in 0..24 {
            let at = OPENED - 43 * SECOND + n * SECOND;
            let sent = self.visits(at, 1 + n % 4, 325, 25);
            let tallies = if n % 6 == 0 { vec![Tally { day: TODAY, reason: 2, visits: 1 + n }] } else { Vec::new() };
            self.send(at, 16 + u128::from(n % 7), sent, tallies);
        }
    }
}
