//! What Footfall counts: sites, pages, visits, visitors, days.

pub mod client;
pub mod date;
pub mod day_record;
pub mod dimension;
pub mod dimensions;
pub mod limits;
pub mod minute;
pub mod nfc;
pub mod origin;
pub mod page;
pub mod path_decoding;
pub mod reason;
pub mod referrers;
pub mod share;
pub mod site;
pub mod unlisted;
pub mod visit;
pub mod visit_id;
pub mod visitor;
