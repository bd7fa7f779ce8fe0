//! What strangers ask and what they are answered.

pub mod access;
pub mod admin;
pub mod age;
pub mod badge;
pub mod body;
pub mod compat;
pub mod contract;
pub mod home;
pub mod mend;
mod methods;
pub mod metrics;
pub mod proxy;
pub mod query;
pub mod refusal;
pub mod refused;
pub mod reply;
pub mod route;
pub mod shown;
pub mod stats;
pub mod unlisted;
pub mod wanted;
