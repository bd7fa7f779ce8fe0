//! What kind of program sent a request, as `client.js` found it in its lists.

use crate::counting::model::client::Client;
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

/// What `client.js` finds about the sender of a request. It looks when somebody asks for the first time: a Worker with an external counter never
/// does.
#[derive(Default)]
pub(crate) struct LazyClient(OnceCell<u32>);

impl LazyClient {
    /// The sender, and whether it is a bot.
    pub(crate) fn get(&self, request: &Request) -> (Client, bool) {
        Client::unpack(*self.0.get_or_init(|| find(request)))
    }
}

/// The same by a user agent alone, such as a server reports.
pub(crate) fn by_agent(agent: &str) -> (Client, bool) {
    Client::unpack(find_agent(agent))
}
