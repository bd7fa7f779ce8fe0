//! What a request says about the program that sent it, as far as views are counted by it.

/// The class of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A computer, or a program that says it runs on one.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
}

impl Device {
    /// All of them, in the order of their numbers in `client.js`.
    pub(crate) const ALL: [Self; 3] = [Self::Desktop, Self::Mobile, Self::Tablet];

    /// How tables store it.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Desktop => "d",
            Self::Mobile => "m",
            Self::Tablet => "t",
        }
    }

    /// How it is answered.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
        }
    }

    /// The name of a stored value. A later version's value stays as it is.
    pub(crate) fn name_of(letter: &str) -> &str {
        match Self::ALL.into_iter().find(|device| device.letter() == letter) {
            Some(device) => device.name(),
            None => letter,
        }
    }
}

/// A country: two letters or digits (ISO 3166-1; Cloudflare adds `XX` and `T1`), or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Country([u8; 2]);

impl Country {
    /// No country is known.
    pub(crate) const UNKNOWN: Self = Self([0; 2]);

    /// Reads two letters, in any case. Anything else is an unknown country.
    pub fn read(text: &str) -> Self {
        match text.as_bytes() {
            [one, two] if one.is_ascii_alphanumeric() && two.is_ascii_alphanumeric() => {
                Self([one.to_ascii_uppercase(), two.to_ascii_uppercase()])
            }
            _ => Self::UNKNOWN,
        }
    }

    /// Whether there is one.
    pub(crate) fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }

    /// The two letters; empty where the country is unknown.
    pub(crate) fn as_str(&self) -> &str {
        match self.0 {
            [0, 0] => "",
            _ => std::str::from_utf8(&self.0).unwrap_or(""),
        }
    }
}

/// What is known of the program that sent a request. By default nothing is: so it is where a server reports the visits of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The class of the device, if it is known.
    pub device: Option<Device>,
    /// Where the request came from.
    pub country: Country,
}

impl Client {
    /// Reads the number that `client.js` makes of a request: the class, then the letters of the country. Also tells whether it is a bot.
    pub(crate) fn unpack(packed: u32) -> (Self, bool) {
        let [class, one, two, _] = packed.to_le_bytes();
        let device = Device::ALL.get(usize::from(class)).copied();
        let country = std::str::from_utf8(&[one, two]).map(Country::read).unwrap_or_default();
        (Self { device, country }, device.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_client_js_is_read() {
        let (client, is_bot) = Client::unpack(u32::from_le_bytes([1, b'D', b'E', 0]));
        assert_eq!((client.device, client.country.as_str(), is_bot), (Some(Device::Mobile), "DE", false));
        let (client, is_bot) = Client::unpack(3);
        assert_eq!((client.device, client.country.as_str(), is_bot), (None, "", true));
    }

    #[test]
    fn what_is_no_country_is_unknown() {
        for (text, read) in [("de", "DE"), ("T1", "T1"), ("", ""), ("D", ""), ("Germany", ""), ("\0\0", ""), ("é", "")] {
            assert_eq!(Country::read(text).as_str(), read, "{text:?}");
        }
    }

    #[test]
    fn devices_have_letters_and_names_of_their_own() {
        for device in Device::ALL {
            assert_eq!(Device::name_of(device.letter()), device.name());
        }
        assert_eq!(Device::name_of("watch"), "watch");
    }
}
