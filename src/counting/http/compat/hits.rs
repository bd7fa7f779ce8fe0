//! GoatCounter's `POST /api/v0/count`: views that a server reports.

use crate::counting::dispatch::endpoint::Outcome;
use crate::counting::http::age::MAX_AGE_MS;
use crate::counting::http::compat::goatcounter::{GoatCounterHit, page, query_of};
use crate::counting::http::json_body::json_text;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{Reply, VisitStatus, json_reply};
use crate::counting::model::client::Country;
use crate::counting::model::date::parse_date;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::json_tree::Tree;
use serde::{Serialize, Serializer};

/// A view that a server reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerHit {
    /// The view, as the script would have reported it.
    pub hit: GoatCounterHit,
    /// The visitor's address, or empty.
    pub address: String,
    /// The visitor's user agent, or empty.
    pub agent: String,
    /// Where the visitor is, if the server says it.
    pub country: Country,
    /// The age of the view, in milliseconds.
    pub age: u64,
}

/// The most views of one request.
const MAX_HITS: usize = 500;

/// Reads a body. Each element of the result is a view, or what is wrong with it. `now` is in milliseconds since 1970.
///
/// # Errors
/// [`Refusal::Body`] if the body has no list of views; [`Refusal::BodyNotUtf8`].
pub(crate) fn read_server_hits(bytes: &[u8], kept: &KeptQuery, now: u64) -> Result<Vec<Result<ServerHit, String>>, Refusal> {
    let body = Tree::parse(&json_text(bytes)?).map_err(Refusal::Body)?;
    match body.get("hits") {
        Tree::List(all) if (1..=MAX_HITS).contains(&all.len()) => {
            Ok(all.iter().map(|one| read_server_hit(one, kept, now)).collect())
        }
        _ => Err(Refusal::Body(format!("`hits` is not a list of 1 to {MAX_HITS} views"))),
    }
}

fn read_server_hit(told: &Tree, kept: &KeptQuery, now: u64) -> Result<ServerHit, String> {
    let event = told.get("event").is_true();
    let path = told.text(&["path"]);
    if path.is_empty() {
        return Err("path: must be set".to_owned());
    }
    let page = if event { Page::root() } else { page(path, kept).map_err(|_| "path: must be a page".to_owned())? };
    let at = match told.text(&["created_at"]) {
        "" => now,
        text => time_of(text).ok_or_else(|| "created_at: must be a time such as 2026-11-22T13:45:00Z".to_owned())?,
    };
    let age = now.saturating_sub(at);
    if age > MAX_AGE_MS {
        return Err("created_at: must be within the last 23 hours; import older views".to_owned());
    }
    let bot = told.get("bot").number().is_some_and(|bot| bot > 0);
    let query = told.text(&["query"]).trim_start_matches('?').to_owned();
    let hit = GoatCounterHit {
        page,
        referrer: told.text(&["ref"]).to_owned(),
        query,
        path_query: query_of(path),
        bot,
        event,
        id: None,
    };
    let text = |name| told.text(&[name]).to_owned();
    let country = told.text(&["location"]).split('-').next().map_or(Country::UNKNOWN, Country::read);
    Ok(ServerHit { hit, address: text("ip"), agent: text("user_agent"), country, age })
}

/// Reads a time (RFC 3339). Returns milliseconds since 1970, without the fraction of the second.
fn time_of(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let at = time.rfind(['+', '-'])?;
            let (time, offset) = time.split_at_checked(at)?;
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let minutes = number(hours, 23)?.saturating_mul(60).saturating_add(number(minutes, 59)?);
            let minutes = i64::try_from(minutes).ok()?;
            (time, if offset.starts_with('-') { minutes.saturating_neg() } else { minutes })
        }
    };
    let mut parts = time.split([':', '.']);
    let (hours, minutes, seconds) = (number(parts.next()?, 23)?, number(parts.next()?, 59)?, number(parts.next()?, 60)?);
    let day = u64::from(parse_date(date)?).saturating_mul(24);
    let minutes = day.saturating_add(hours).saturating_mul(60).saturating_add(minutes);
    let minutes = minutes.checked_add_signed(offset.saturating_neg())?;
    Some(minutes.saturating_mul(60).saturating_add(seconds).saturating_mul(1000))
}

fn number(text: &str, most: u64) -> Option<u64> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most)
}

/// The answer: 202, or what is wrong with each wrong view, by its number. The other views are counted.
pub(crate) fn answer_server_hits(done: &[Result<Outcome, String>]) -> Reply {
    let (mut errors, mut worst): (Vec<(usize, String)>, Option<VisitStatus>) = Default::default();
    for (at, one) in done.iter().enumerate() {
        let error = match one {
            Ok(became @ Outcome::Sent(Err(failure))) => {
                worst = if worst == Some(VisitStatus::Unknown) { worst } else { Some(became.into()) };
                failure.to_string()
            }
            Ok(became) => {
                worst = worst.or(Some(became.into()));
                continue;
            }
            Err(error) => error.clone(),
        };
        errors.push((at, error));
    }
    let failed = matches!(worst, Some(VisitStatus::Failed | VisitStatus::Unknown));
    let reply = match errors.is_empty() {
        true => json_reply(202, &CountedBody { status: "ok" }),
        false => json_reply(if failed { 503 } else { 400 }, &WrongBody { errors: WrongHits(errors) }),
    };
    Reply { visit: worst, ..reply }
}

#[derive(Serialize)]
struct CountedBody {
    status: &'static str,
}

#[derive(Serialize)]
struct WrongBody {
    errors: WrongHits,
}

/// What is wrong with each view, by its number.
struct WrongHits(Vec<(usize, String)>);

impl Serialize for WrongHits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(at, error)| (at, error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_tells_views_of_others() {
        let now = time_of("2026-11-25T12:00:00Z").unwrap();
        let read = |list: &str| read_server_hits(format!("{{\"hits\":{list}}}").as_bytes(), &KeptQuery::default(), now);
        let all = read(
            r#"[{"path":"/a/","ref":"https://news.example/","query":"?utm_source=x","ip":"192.0.2.7","user_agent":"Firefox","location":"DE-BE","created_at":"2026-11-25T12:30:00+01:00"},
                {"path":"x","event":true},{"path":"/b","bot":4},{"ref":"x"},{"path":"/c","created_at":"2026-11-23T12:00:00Z"},{"path":"/c","created_at":"soon"}]"#,
        )
        .unwrap();
        let first = all[0].as_ref().unwrap();
        assert_eq!((first.hit.page.as_str(), first.age, first.country.as_str()), ("/a", 1_800_000, "DE"));
        assert!(all[1].as_ref().unwrap().hit.event && all[2].as_ref().unwrap().hit.bot);
        assert!(all[3].is_err() && all[4].is_err() && all[5].is_err());
        for wrong in ["[]", "{}", "1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let said = answer_server_hits(&[
            Ok(Outcome::Excluded(crate::counting::model::reason::Reason::Bot)),
            Err("path: must be set".into()),
        ]);
        assert_eq!((said.status, &*said.body), (400, "{\"errors\":{\"1\":\"path: must be set\"}}"));
    }

    #[test]
    fn times_are_read_as_rfc_3339_has_them() {
        for (text, ms) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T01:00:00.123456+01:00", Some(0)),
            ("1970-01-01 00:00:00-00:30", Some(1_800_000)),
            ("1970-01-01T00:00:00+00:30", None),
            ("1970-01-01", None),
            ("1970-01-01T24:00:00Z", None),
            ("1970-01-01T00:00Z", None),
        ] {
            assert_eq!(time_of(text), ms, "{text}");
        }
    }
}
