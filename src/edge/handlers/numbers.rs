//! Finds the numbers that a page shows, for one answer.

use crate::counting::dispatch::endpoint::{Outcome, PageViews, Registered};
use crate::counting::http::numbers::{FoundNumbers, NumberSelection};
use crate::counting::model::date::day_of;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::reads::logged;
use crate::edge::runtime::clock::now_ms;
use futures_util::future::join3;

impl RequestContext {
    /// Finds the numbers of `selection`. It leaves out a number that cannot be read. `fresh` asks all shards in any case.
    pub(crate) async fn find_numbers(
        &self,
        site: &Site,
        page: Option<&Page>,
        selection: NumberSelection,
        fresh: bool,
    ) -> FoundNumbers {
        let shards = self.shards(Sender::default());
        let views = async |asked: bool, page: Option<&str>| match asked {
            true => logged(shards.recent_views(site, page, fresh).await).ok(),
            false => None,
        };
        let visitors = async {
            match selection.visitors {
                true => logged(shards.recent_visitors(site, day_of(now_ms()), fresh).await).ok(),
                false => None,
            }
        };
        let of_page = page.filter(|_| selection.views).map(Page::as_str);
        let (views, site_views, visitors) =
            join3(views(of_page.is_some(), of_page), views(selection.site_views, None), visitors).await;
        let age_ms = [views, site_views].into_iter().flatten().map(|views| views.age_ms);
        let age_ms = age_ms.chain(visitors.map(|visitors| visitors.age_ms)).flatten().max();
        FoundNumbers {
            views: views.map(|views| views.sum),
            site_views: site_views.map(|views| views.sum),
            visitors: visitors.map(|visitors| visitors.sum.visitors),
            age_ms,
        }
    }

    /// The same after a visit. If the visit was stored, its outcome already has the views of the page; if it failed, nothing is read.
    pub(crate) async fn find_numbers_after_visit(
        &self,
        site: &Site,
        page: &Page,
        selection: NumberSelection,
        became: &Outcome,
    ) -> FoundNumbers {
        let is_told = matches!(
            became,
            Outcome::Sent(Ok(Registered { page: Some(PageViews { views: Some(_), .. }), .. })) | Outcome::Sent(Err(_))
        );
        let selection = NumberSelection { views: selection.views && !is_told, ..selection };
        if selection.is_empty() { FoundNumbers::default() } else { self.find_numbers(site, Some(page), selection, false).await }
    }
}
