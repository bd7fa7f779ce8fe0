//! The errors of a caller. Their statuses and texts are in [`crate::counting::http::refused`].

use crate::counting::model::page::PageError;
use crate::counting::model::unlisted::MAX_NAME_BYTES;
use crate::counting::model::visit_id::VisitIdError;

/// Why Footfall refuses a request. It has counted nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such path.
    UnknownPath,
    /// The path does not take this method. Has the methods that it takes, as `Allow` lists them.
    Method(&'static str),
    /// `ALLOWED_ORIGINS` does not list the origin of the page that calls.
    Origin,
    /// The age of the visit is no number, or it is too great: shards may have forgotten ids of that time, so a duplicate could count. Has the age
    /// as it was sent.
    Age(String),
    /// A visit of a list is wrong. Has its number, counted from 0, and what is wrong with it. No visit of the list was counted.
    Item(usize, Box<Refusal>),
    /// `SITES` does not have this site. Has its name, cut after the greatest length of a name.
    UnknownSite(String),
    /// `page` is not a path of a site.
    Page(PageError),
    /// The id is wrong.
    Id(VisitIdError),
    /// `Idempotency-Key` and the body's `id` differ.
    TwoIds,
    /// The query has two values for this parameter.
    RepeatedParameter(&'static str),
    /// The value of this parameter is wrong. Has the parameter and the values that it may have.
    Parameter(&'static str, &'static str),
    /// An error in the words of another counter, for its clients. Has the error and what to do.
    Wrong(&'static str, &'static str),
    /// `OPEN_UPDATES` does not allow this change without a token.
    NotOpen,
    /// The request needs a token, and has none or a wrong one.
    Token,
    /// The owner has neither opened these numbers nor set a token for them.
    Closed,
    /// The site has as many pages as it may have, or as strangers may create. Has that limit.
    TooManyPages(u64),
    /// The request is over the rate limit of its address or its site.
    Limited,
    /// A visit is over the rate limit of its address. Its body was not read.
    VisitLimited,
    /// The request needs the owner's token, and the owner has set none.
    NoAdmin,
    /// The import is for a site that has views already.
    NotEmpty,
    /// The imported file is wrong. Has what is wrong with it.
    File(String),
    /// The body is not UTF-8.
    BodyNotUtf8,
    /// The body, or a visit in it, is wrong. Has what is wrong with it.
    Body(String),
    /// The body is too long. Has the limit, in bytes.
    BodyTooLarge(usize),
    /// The body's `Content-Type` is neither `application/json` nor, from an allowed page, `text/plain`.
    ContentType,
    /// The body did not arrive in time. Has the time that it had, in milliseconds.
    BodyTooSlow(u32),
    /// The body broke off.
    BodyBroken,
}

impl Refusal {
    /// There is no site with this name.
    pub fn unknown_site(name: &str) -> Self {
        Self::UnknownSite(name.chars().take(MAX_NAME_BYTES.saturating_add(1)).collect())
    }
}

/// Whether a refused request that wants to visit is still to be tallied as [`Reason::Refused`](crate::counting::model::reason::Reason::Refused).
/// A wrong method and a missing token are no visits. A wrong origin and a rate limit have reasons of their own.
pub(crate) fn is_of_a_visit(refusal: &Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::Method(_)
            | Refusal::Origin
            | Refusal::Token
            | Refusal::Closed
            | Refusal::NoAdmin
            | Refusal::Limited
            | Refusal::VisitLimited
    )
}
