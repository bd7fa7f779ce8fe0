//! CountAPI and Abacus. Their counters have a namespace and a key: in Footfall, a site and a page.

pub mod answer;
pub mod counter;
pub mod request;
