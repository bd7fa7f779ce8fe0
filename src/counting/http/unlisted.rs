//! Origins and sites of refused visits that a setting does not list: `ALLOWED_ORIGINS` or `SITES`. The list tells the owner what to set. Without
//! it, a wrong setting just looks as if nobody came.
//!
//! Strangers can make up origins and names, so a shard keeps only a few for each day: those with the most visits.

use crate::counting::model::date::{Day, date_of};
use crate::counting::model::origin::Origins;
use crate::counting::model::site::Sites;
use crate::counting::model::unlisted::{MAX_A_DAY, Unlisted};
use crate::counting::protocol::report::Line;
use serde::{Serialize, Serializer};

/// An unlisted name and its visits in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UnlistedLine {
    /// Whether it is an origin or a site.
    #[serde(serialize_with = "name_of")]
    pub unlisted: Unlisted,
    /// The name.
    pub name: String,
    /// How many visits there were. There may have been more.
    pub visits: u64,
    /// The day of the last visit.
    #[serde(serialize_with = "date")]
    pub last: Day,
    /// The setting that would list it, or `None` if no setting can.
    pub set: Option<String>,
}

fn name_of<S: Serializer>(unlisted: &Unlisted, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(unlisted.name())
}

fn date<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&date_of(*day))
}

/// The longest value of a setting that the report repeats, in bytes. Of a longer one it only tells what to add.
const MAX_LIST_BYTES: usize = 1_000;

/// The unlisted names of a report, those with the most visits first.
pub(crate) fn told(report: &[Line], origins: &Origins, sites: &Sites) -> Vec<UnlistedLine> {
    let mut all: Vec<UnlistedLine> = Vec::new();
    for line in report {
        let Some(unlisted) = Unlisted::from_number(line.reason) else { continue };
        let same = |one: &&mut UnlistedLine| one.unlisted == unlisted && one.name == line.name;
        if let Some(one) = all.iter_mut().find(same) {
            one.visits = one.visits.saturating_add(line.views);
            one.last = one.last.max(line.at);
        } else {
            all.push(UnlistedLine { unlisted, name: line.name.clone(), visits: line.views, last: line.at, set: None });
        }
    }
    all.sort_by(|a, b| b.visits.cmp(&a.visits).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MAX_A_DAY);
    for one in &mut all {
        let (variable, list) = match one.unlisted {
            Unlisted::Origin => ("ALLOWED_ORIGINS", origins.with(&one.name)),
            Unlisted::Site => ("SITES", sites.with(&one.name)),
        };
        one.set = list.map(|list| {
            if list.len() > MAX_LIST_BYTES { format!("{variable}: add {}", one.name) } else { format!("{variable} = \"{list}\"") }
        });
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;

    #[test]
    fn an_owner_is_told_what_to_set() {
        let line = |at, unlisted: Unlisted, name: &str, views| Line {
            at,
            reason: unlisted.number(),
            name: name.to_owned(),
            views,
            ..Line::default()
        };
        let report = [
            line(1, Unlisted::Origin, "https://shop.example", 1),
            line(3, Unlisted::Origin, "https://shop.example", 4),
            line(2, Unlisted::Origin, "null", 2),
            line(2, Unlisted::Site, "shop", 1),
            line(2, Unlisted::Site, "Shop", 1),
        ];
        let (origins, sites) = (Origins::parse("https://blog.example").unwrap(), Sites::parse("blog").unwrap());
        let all = told(&report, &origins, &sites);
        let said: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.visits, one.last, one.set.as_deref())).collect();
        assert_eq!(
            said,
            [
                ("https://shop.example", 5, 3, Some("ALLOWED_ORIGINS = \"https://blog.example,https://shop.example\"")),
                ("null", 2, 2, None),
                ("Shop", 1, 2, None),
                ("shop", 1, 2, Some("SITES = \"blog,shop\"")),
            ]
        );
        let first = told(&report, &Origins::default(), &sites);
        assert_eq!(first[0].set.as_deref(), Some("ALLOWED_ORIGINS = \"https://shop.example\""));
        let many = Sites::parse(&(0..200).map(|n| format!("site-{n}")).collect::<Vec<_>>().join(",")).unwrap();
        assert_eq!(told(&report[3..4], &origins, &many)[0].set.as_deref(), Some("SITES: add shop"));
    }
}
