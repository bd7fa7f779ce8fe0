//! What kind of program sent a request, as `client.js` found it in its lists.

use crate::counting::model::dimensions::Device;
use std::cell::OnceCell;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen]
extern "C" {
    /// `worker.js` has it from `client.js`.
    #[wasm_bindgen(js_name = footfallClient)]
    fn find(request: &Request) -> u32;

    /// The same of a user agent that a server tells.
    #[wasm_bindgen(js_name = footfallAgent)]
    fn find_agent(agent: &str) -> u32;
}

/// What `client.js` finds of who sent a request, looked for when somebody asks: who has a counter of their own does not.
#[derive(Default)]
pub(crate) struct Client(OnceCell<u32>);

impl Client {
    pub(crate) fn known(&self, request: &Request) -> Known {
        Known::read(*self.0.get_or_init(|| find(request)))
    }
}

/// What is known of who sent a request.
pub(crate) struct Known {
    /// `None` for a bot.
    pub(crate) device: Option<Device>,
    /// Two letters, or none.
    pub(crate) country: String,
}

impl Known {
    /// What is known of somebody of whom a server tells no more than the user agent.
    pub(crate) fn by_agent(agent: &str) -> Self {
        Self::read(find_agent(agent))
    }

    /// Reads the number that `client.js` makes: the class, then the letters.
    pub(crate) fn read(client: u32) -> Self {
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

    pub(crate) fn is_bot(&self) -> bool {
        self.device.is_none()
    }
}
