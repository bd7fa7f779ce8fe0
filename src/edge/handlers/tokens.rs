//! Whether a request has the token that it needs. The rules are in [`crate::counting::http::access`].

use crate::counting::config::variable::Access;
use crate::counting::http::access;
use crate::counting::http::refusal::Refusal;
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::headers;

impl RequestContext {
    /// Whether the request has the owner's token.
    pub(crate) fn check_owner(&self) -> Result<(), Refusal> {
        let closed = |refusal| if refusal == Refusal::Closed { Refusal::NoAdmin } else { refusal };
        self.check(&self.config.admin).map_err(closed)
    }

    /// Whether the request has the token that `access` asks for.
    pub(crate) fn check(&self, access: &Access) -> Result<(), Refusal> {
        access::check(access, self.header(headers::AUTHORIZATION).as_deref())
    }

    /// The same for a WebSocket, whose token may also be in `Sec-WebSocket-Protocol`.
    pub(crate) fn check_socket(&self, access: &Access) -> Result<(), Refusal> {
        let protocols = self.header(headers::PROTOCOLS);
        self.check(access).or_else(|_| access::check_protocols(access, protocols.as_deref()))
    }
}
