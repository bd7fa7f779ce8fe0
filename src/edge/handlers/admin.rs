//! What only the owner may do. The rules are in [`crate::counting::http::admin`].

use crate::counting::http::admin::{AdminAction, AdminCommand};
use crate::counting::http::answers;
use crate::counting::http::find_site::find_site;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::call::Amend;
use crate::edge::handlers::context::RequestContext;
use wasm_bindgen::JsValue;

impl RequestContext {
    /// Carries out an admin command. An export comes with a stream in place of its body.
    pub(crate) async fn run_admin_command(
        &self,
        command: &AdminCommand,
        head: bool,
    ) -> Result<(Reply, Option<JsValue>), Refusal> {
        let site = || self.check_owner().and_then(|()| find_site(Some(&command.site), &self.config.sites));
        let (site, page, done) = match &command.act {
            AdminAction::Import { add } => return self.take_file(site(), *add).await.map(no_stream),
            AdminAction::Export => return Ok(self.export(site()?, head).await),
            AdminAction::Set(page, views) => {
                let site = site()?;
                let done = self.set(&site, page, *views).await;
                (site, Some(page.as_str()), done)
            }
            AdminAction::Delete(page) => {
                let site = site()?;
                let done = self.amend(&site, &Amend::Delete { page: page.as_str() }).await;
                (site, Some(page.as_str()), done)
            }
            AdminAction::Wipe => {
                let site = site()?;
                let done = self.amend(&site, &Amend::Wipe).await;
                (site, None, done)
            }
        };
        let views = match done {
            Ok(_) => self.shards(Sender::default()).views(&site, page).await.map(|views| (views, None)),
            Err(failure) => Err(failure),
        };
        Ok(no_stream(answers::reads::views(site.as_str(), page, &views)))
    }
}

fn no_stream(reply: Reply) -> (Reply, Option<JsValue>) {
    (reply, None)
}
