//! The reasons for not counting a visit.

/// Why a visit is not counted. The numbers are those of the table `excluded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client is a bot: its user agent says so, or Cloudflare knows it.
    Bot,
    /// A browser prefetched the page; nobody has looked at it.
    Prefetch,
    /// Its address is in `EXCLUDED_ADDRESSES`.
    Address,
    /// Its page is in `EXCLUDED_PAGES`.
    Page,
    /// Too many visits came from one address, or to one site.
    Limited,
    /// The page that sent it is of an origin that `ALLOWED_ORIGINS` does not list.
    Origin,
    /// It is an event, not a view. Other counters' clients send both.
    Event,
    /// The request is wrong, so Footfall could only have counted it wrongly.
    Refused,
    /// Its referrer is a known source of fake links.
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
    pub(crate) fn number(self) -> u8 {
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

    /// The reason with a number; `None` for a later version's.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in answers and exports.
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
