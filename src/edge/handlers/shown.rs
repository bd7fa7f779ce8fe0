//! The numbers that a page shows: found together, and told in one answer.

use crate::counting::dispatch::endpoint::{Outcome, PageViews, Registered};
use crate::counting::http::shown::{Numbers, Shown};
use crate::counting::model::date::day_of;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::reads::logged;
use crate::edge::runtime::clock::now_ms;
use futures_util::future::join3;

impl RequestContext {
    /// The numbers of `shown`. One that cannot be read is left out.
    pub(crate) async fn shown(&self, site: &Site, page: Option<&Page>, shown: Shown) -> Numbers {
        let shards = self.shards(Sender::default());
        let views = async |asked: bool, page: Option<&str>| match asked {
            true => logged(shards.views(site, page).await).ok(),
            false => None,
        };
        let visitors = async {
            let read = if shown.visitors { logged(shards.visitors(site, day_of(now_ms())).await).ok() } else { None };
            read.map(|read| read.visitors)
        };
        let of_page = page.filter(|_| shown.views).map(Page::as_str);
        let (views, site_views, visitors) =
            join3(views(of_page.is_some(), of_page), views(shown.site_views, None), visitors).await;
        Numbers { views, site_views, visitors }
    }

    /// The same next to what became of a visit, whose page's views are known if it was stored.
    pub(crate) async fn shown_besides(&self, site: &Site, page: &Page, shown: Shown, became: &Outcome) -> Numbers {
        let is_told = matches!(
            became,
            Outcome::Sent(Ok(Registered { page: Some(PageViews { views: Some(_), .. }), .. })) | Outcome::Sent(Err(_))
        );
        let shown = Shown { views: shown.views && !is_told, ..shown };
        if shown.is_empty() { Numbers::default() } else { self.shown(site, Some(page), shown).await }
    }
}
