//! What kind of program sent a request, as `client.js` found it in its lists.

use crate::counting::details::Device;

/// What is known of who sent a request.
pub(super) struct Known {
    /// `None` for a bot.
    pub(super) device: Option<Device>,
    /// Two letters, or none.
    pub(super) country: String,
}

impl Known {
    /// Reads the number that `client.js` makes: the class, then the letters.
    pub(super) fn read(client: u32) -> Self {
        let [kind, one, two, _] = client.to_le_bytes();
        let device = match kind {
            0 => Some(Device::Desktop),
            1 => Some(Device::Mobile),
            2 => Some(Device::Tablet),
            _ => None,
        };
        let country = [one, two].into_iter().filter(u8::is_ascii_alphanumeric).map(char::from).collect();
        Self { device, country }
    }

    pub(super) fn is_bot(&self) -> bool {
        self.device.is_none()
    }
}
