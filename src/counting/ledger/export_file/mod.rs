//! The file that a site is exported to and imported from: lines of JSON, one for each row of the tables. `docs/owning.md` has the format.
//!
//! The names in a line tell what it is about, so people can read the file without this program. Every line adds to what is stored.

pub mod claimed_views;
pub mod columns;
pub mod incoming;
pub mod lines;
