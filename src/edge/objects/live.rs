//! The Durable Object that a site's watchers are connected to, around [`crate::counting::live::board`]. `worker.js` accepts the
//! WebSockets. They outlive this object: while nothing happens, the platform removes it from memory and keeps them.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::find_site::find_site;
use crate::counting::live::board::{Board, Next};
use crate::counting::live::pulse::Pulse;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::wire::{decode, encode};
use crate::edge::clients::pulses::pulses;
use crate::edge::clients::shards::ShardClient;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::{spawn, timer};
use crate::edge::runtime::{config, log};
use js_sys::Uint8Array;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

#[wasm_bindgen(module = "/src/edge/objects/live.js")]
extern "C" {
    /// The platform's state of the object, which has the WebSockets.
    #[derive(Clone)]
    pub type ObjectState;

    fn watchers(state: &ObjectState) -> u32;

    fn tell(state: &ObjectState, text: &str);

    fn send(socket: &JsValue, text: &str);

    #[wasm_bindgen(js_name = letGo)]
    fn let_go(state: &ObjectState);
}

/// The longest call, in bytes. A push has 40 numbers.
const MAX_CALL_BYTES: u32 = 1_024;

/// The watchers of one site.
#[wasm_bindgen(js_name = Live)]
pub struct LiveObject {
    state: Rc<LiveState>,
}

struct LiveState {
    object: ObjectState,
    env: Env,
    site: String,
    board: RefCell<Board>,
}

#[wasm_bindgen(js_class = Live)]
impl LiveObject {
    /// The object of the site with this name.
    #[wasm_bindgen(constructor)]
    pub fn new(state: ObjectState, env: Env, site: String) -> Self {
        Self { state: Rc::new(LiveState { object: state, env, site, board: RefCell::default() }) }
    }

    /// Greets a watcher who just connected.
    pub fn joined(&self, socket: &JsValue) {
        let greeting = self.state.board.borrow().greeting(&self.state.site, now_ms());
        if let Some(text) = greeting {
            send(socket, &text);
        }
        let next = self.state.board.borrow_mut().joined();
        self.state.go_on(next);
    }

    /// Takes the pulse of a shard, and answers whether anybody watches.
    pub fn serve(&self, call: &Uint8Array) -> Vec<u8> {
        let call = if call.length() > MAX_CALL_BYTES { Vec::new() } else { call.to_vec() };
        // A call that cannot be read may be of a newer version, so its shard is not told to stop.
        let Ok(Answer::Live(pulse)) = decode(&call) else { return encode(&Answer::Watched(true)) };
        let (watched, next) = self.state.board.borrow_mut().pushed(pulse, watchers(&self.state.object), now_ms());
        self.state.go_on(next);
        encode(&Answer::Watched(watched))
    }
}

impl LiveState {
    fn go_on(self: &Rc<Self>, mut next: Next) {
        if next == Next::Nothing {
            return;
        }
        let this = Rc::clone(self);
        let work = async move {
            if next == Next::Look {
                let looked = this.look().await;
                if let Err(failure) = &looked {
                    log::problem("live_failed", &failure.to_string());
                }
                next = this.board.borrow_mut().looked(looked.ok(), now_ms());
            }
            match next {
                Next::Tell(ms) => {
                    timer(ms).await;
                    this.tell();
                }
                Next::LetGo => let_go(&this.object),
                Next::Nothing | Next::Look => {}
            }
        };
        spawn(work);
    }

    fn tell(&self) {
        let text = self.board.borrow_mut().tell(&self.site, now_ms());
        if let Some(text) = text {
            tell(&self.object, &text);
        }
    }

    /// Asks all shards of the site for their pulses. From then on they push them.
    async fn look(&self) -> Result<Vec<Pulse>, Failure> {
        let config = config::parsed(&self.env).map_err(|wrong| Failure::Refused(wrong.error.to_string()))?;
        let site = find_site(Some(&self.site), &config.sites)
            .map_err(|_| Failure::Refused("the site is not listed any more".to_owned()))?;
        let deadline = now_ms().saturating_add(config.timeout_ms.into());
        pulses(&ShardClient::new(&self.env, &config, Sender::default(), deadline), &site, &Call::Watch).await
    }
}
