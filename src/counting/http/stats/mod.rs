//! Reports: `GET /api/sites/SITE/WHAT`.

pub mod answer;
pub mod compare;
pub mod csv;
pub mod plan;
pub mod query;
pub mod table;
pub mod week;
