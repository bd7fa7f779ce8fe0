//! CountAPI and Abacus: a counter has a namespace, which is a site here, and a key, which is a page of it.

pub mod answer;
pub mod counter;
pub mod request;
