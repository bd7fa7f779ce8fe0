//! Whether a request has the token that it needs. The rules are in [`crate::counting::http::access`].

use crate::counting::config::variable::Access;
use crate::counting::http::access;
use crate::counting::http::refusal::Refusal;
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::{headers, isolate};

impl RequestContext {
    /// Whether the request has the owner's token.
    pub(crate) fn check_owner(&self) -> Result<(), Refusal> {
        let closed = |refusal| if refusal == Refusal::Closed { Refusal::NoAdmin } else { refusal };
        self.check(&self.config.admin).map_err(closed)
    }

    /// Whether the request has the token that `access` asks for.
    pub(crate) fn check(&self, access: &Access) -> Result<(), Refusal> {
        // Without randomness no token can be compared, so every request is refused.
        let key = isolate::random().map_err(|_| Refusal::Token)?;
        access::check(access, self.header(headers::AUTHORIZATION).as_deref(), u128::from_le_bytes(key))
    }

    /// The same for a WebSocket, whose token may also be in `Sec-WebSocket-Protocol`.
    pub(crate) fn check_socket(&self, access: &Access) -> Result<(), Refusal> {
        let key = isolate::random().map_err(|_| Refusal::Token)?;
        let protocols = self.header(headers::PROTOCOLS);
        self.check(access).or_else(|_| access::check_protocols(access, protocols.as_deref(), u128::from_le_bytes(key)))
    }
}
