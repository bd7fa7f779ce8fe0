//! What a caller can do wrong. Statuses and texts are in [`crate::counting::http::reply`].

use crate::counting::model::page::PageError;
use crate::counting::model::unlisted::MAX_NAME_BYTES;
use crate::counting::model::visit_id::VisitIdError;

/// A request that Footfall refuses because of what it says. Nothing was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such path.
    UnknownPath,
    /// The path takes only these methods (the value of `Allow`).
    Method(&'static str),
    /// The page that calls is of an origin that `ALLOWED_ORIGINS` does not list.
    Origin,
    /// What is said of when the visit was made is no age, or it was longer ago than ids are surely remembered, so that a duplicate could not
    /// be told. As it was sent.
    Age(String),
    /// One visit of a list is wrong, counted from 0, and so none of them was counted.
    Item(usize, Box<Refusal>),
    /// No such site in `SITES`: as it was named, cut where no site is so long.
    UnknownSite(String),
    /// `page` is not a path of a site.
    Page(PageError),
    /// The id is not one.
    Id(VisitIdError),
    /// `Idempotency-Key` and the body's `id` differ.
    TwoIds,
    /// The query has this parameter with two values.
    RepeatedParameter(&'static str),
    /// The value of this parameter is not allowed; what is allowed.
    Parameter(&'static str, &'static str),
    /// What is wrong, in the words of the counter whose client asks; and what to do.
    Wrong(&'static str, &'static str),
    /// The owner lets nobody change this counter without a token, or not by so much.
    NotOpen,
    /// Numbers of this kind are the owner's, and the request has no token, or a wrong one.
    Token,
    /// Numbers of this kind are the owner's, and the owner set neither a token nor that they are public.
    Closed,
    /// There are as many pages as the owner lets strangers create, or as a site may have.
    TooManyPages(u64),
    /// Too many from one address, or of one site.
    Limited,
    /// A visit is one too many from its address; nobody read which.
    VisitLimited,
    /// Only the owner may, and set no token.
    NoAdmin,
    /// A file is imported into a site that has views.
    NotEmpty,
    /// What is wrong with a file.
    File(String),
    /// The body is not UTF-8.
    BodyNotUtf8,
    /// The body, or a visit in it, is not what it has to be: what is wrong.
    Body(String),
    /// The body is over this many bytes.
    BodyTooLarge(usize),
    /// The body's `Content-Type` is neither `application/json` nor, from an allowed page, `text/plain`.
    ContentType,
    /// The body did not arrive before the deadline, in milliseconds.
    BodyTooSlow(u32),
    /// The body broke off.
    BodyBroken,
}

impl Refusal {
    /// There is no site of that name.
    pub fn unknown_site(name: &str) -> Self {
        Self::UnknownSite(name.chars().take(MAX_NAME_BYTES.saturating_add(1)).collect())
    }
}

/// Whether a refusal is that of a visit which is nowhere noted yet: not of a method that no visit has, of a path that is none, of a token,
/// or of what is noted under a name of its own.
pub fn is_of_a_visit(refusal: &Refusal) -> bool {
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
