//! Why a visit is not counted.

/// Why a visit is not counted. The numbers are those of the table `excluded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A program that says it is one, or that the edge knows.
    Bot,
    /// A browser fetched the page before anybody asked for it.
    Prefetch,
    /// Its address is in `EXCLUDED_ADDRESSES`.
    Address,
    /// Its page is in `EXCLUDED_PAGES`.
    Page,
    /// Too many from one address, or of one site.
    Limited,
    /// The page that sent it is of an origin that `ALLOWED_ORIGINS` does not list.
    Origin,
    /// It is no view but an event of the owner's, which another counter would tell apart.
    Event,
    /// What was sent is wrong, so that it could have been counted wrongly only.
    Refused,
    /// Its referrer is known for links that are made up to be seen.
    Spam,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Bot,
        Self::Prefetch,
        Self::Address,
        Self::Page,
        Self::Limited,
        Self::Origin,
        Self::Event,
        Self::Refused,
        Self::Spam,
    ];

    /// The number in the table.
    pub fn number(self) -> u8 {
        match self {
            Self::Bot => 0,
            Self::Prefetch => 1,
            Self::Address => 2,
            Self::Page => 3,
            Self::Limited => 4,
            Self::Origin => 5,
            Self::Event => 6,
            Self::Refused => 7,
            Self::Spam => 8,
        }
    }

    /// The reason of a number; `None` for one of a later version.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// How it is answered.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Prefetch => "prefetch",
            Self::Address => "address",
            Self::Page => "page",
            Self::Limited => "limited",
            Self::Origin => "origin",
            Self::Event => "event",
            Self::Refused => "refused",
            Self::Spam => "spam",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_keep_their_numbers() {
        for (number, reason) in (0..).zip(Reason::ALL) {
            assert_eq!((reason.number(), Reason::from_number(number)), (number, Some(reason)));
        }
        assert_eq!(Reason::from_number(9), None);
    }
}
