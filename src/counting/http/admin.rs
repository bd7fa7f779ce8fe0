//! Admin commands, for which a request needs `ADMIN_TOKEN`: export, import, set and delete what was counted.

use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::ledger::export_file::columns::MAX_COUNT;
use crate::counting::model::page::{KeptQuery, Page};

/// An admin command, and the site that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminCommand {
    /// The site's name.
    pub site: String,
    /// What to do with the site.
    pub act: AdminAction,
}

/// What an admin command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAction {
    /// `GET /api/sites/SITE/export`: writes everything that was counted into one file.
    Export,
    /// `POST /api/sites/SITE/import`: adds the contents of a file.
    Import {
        /// `add=yes`: also if the site has views already.
        add: bool,
    },
    /// `PUT /api/sites/SITE/pages?page=&views=`: sets the views of a page.
    Set(Page, u64),
    /// `DELETE /api/sites/SITE/pages?page=`: deletes a page.
    Delete(Page),
    /// `DELETE /api/sites/SITE?confirm=SITE`: deletes everything that was counted.
    Wipe,
}

/// Reads an admin command from its method, from what follows `/api/sites/` in the path, and from the query. The method is one that the path
/// takes. Returns `None` for a request that needs no `ADMIN_TOKEN`.
///
/// # Errors
/// [`Refusal`] if a parameter is missing or wrong.
pub(crate) fn read_admin_command(
    method: &str,
    path: &str,
    query: &str,
    kept: &KeptQuery,
) -> Result<Option<AdminCommand>, Refusal> {
    let Some((site, what)) = path.split_once('/') else { return site_itself(path, query).map(Some) };
    let act = match (what, method) {
        ("export", _) => AdminAction::Export,
        ("import", _) => {
            let query = Query::read(query, &["add"])?;
            AdminAction::Import {
                add: match query.get("add") {
                    None | Some("no") => false,
                    Some("yes") => true,
                    Some(_) => return Err(Refusal::Parameter("add", "yes, no")),
                },
            }
        }
        ("pages", "PUT") => {
            let query = Query::read(query, &["page", "views"])?;
            AdminAction::Set(page(&query, kept)?, count(&query, "views")?)
        }
        ("pages", "DELETE") => AdminAction::Delete(page(&Query::read(query, &["page"])?, kept)?),
        _ => return Ok(None),
    };
    Ok(Some(AdminCommand { site: site.to_owned(), act }))
}

fn site_itself(site: &str, query: &str) -> Result<AdminCommand, Refusal> {
    // A path that was cut off must not delete the whole site.
    if Query::read(query, &["confirm"])?.get("confirm") != Some(site) {
        return Err(Refusal::Parameter("confirm", "the name of the site: this deletes everything that was counted for it"));
    }
    Ok(AdminCommand { site: site.to_owned(), act: AdminAction::Wipe })
}

fn page(query: &Query, kept: &KeptQuery) -> Result<Page, Refusal> {
    query.page(kept)?.ok_or(Refusal::Parameter("page", "a page such as /a; it is required"))
}

/// Reads a count from a query.
///
/// # Errors
/// [`Refusal::Parameter`] if it is missing, or is no whole number from 0 to [`MAX_COUNT`].
pub(crate) fn count(query: &Query, name: &'static str) -> Result<u64, Refusal> {
    let text = query.get(name).unwrap_or("");
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.filter(|count| *count <= MAX_COUNT).ok_or(Refusal::Parameter(name, "a whole number from 0 to 1000000000000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(method: &str, path: &str, query: &str) -> Result<Option<AdminAction>, Refusal> {
        read_admin_command(method, path, query, &KeptQuery::default()).map(|order| {
            order.map(|order| {
                assert_eq!(order.site, "blog");
                order.act
            })
        })
    }

    #[test]
    fn orders_are_told_from_what_anybody_may_ask() {
        let page = || Page::parse("/a").unwrap();
        assert_eq!(act("GET", "blog/export", ""), Ok(Some(AdminAction::Export)));
        assert_eq!(act("POST", "blog/import", ""), Ok(Some(AdminAction::Import { add: false })));
        assert_eq!(act("POST", "blog/import", "add=yes"), Ok(Some(AdminAction::Import { add: true })));
        assert_eq!(act("PUT", "blog/pages", "page=/a&views=7"), Ok(Some(AdminAction::Set(page(), 7))));
        assert_eq!(act("DELETE", "blog/pages", "page=/a"), Ok(Some(AdminAction::Delete(page()))));
        assert_eq!(act("DELETE", "blog", "confirm=blog"), Ok(Some(AdminAction::Wipe)));
        assert_eq!(act("GET", "blog/pages", "limit=1"), Ok(None));
        assert_eq!(act("GET", "blog/summary", ""), Ok(None));
    }

    #[test]
    fn nothing_is_changed_by_a_slip() {
        for (method, path, query, name) in [
            ("DELETE", "blog", "", "confirm"),
            ("DELETE", "blog", "confirm=yes", "confirm"),
            ("DELETE", "blog/pages", "", "page"),
            ("PUT", "blog/pages", "page=/a", "views"),
            ("PUT", "blog/pages", "page=/a&views=-1", "views"),
            ("PUT", "blog/pages", "page=/a&views=1000000000001", "views"),
            ("PUT", "blog/pages", "views=1", "page"),
            ("POST", "blog/import", "add=1", "add"),
        ] {
            assert!(
                matches!(act(method, path, query), Err(Refusal::Parameter(wrong, _)) if wrong == name),
                "{method} {path} {query}"
            );
        }
        assert!(
            matches!(act("DELETE", "blog", "page=/a"), Err(Refusal::Parameter("confirm", _))),
            "not the site in place of a page"
        );
    }
}
