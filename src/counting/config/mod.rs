//! The settings in `wrangler.toml`.

pub mod base_path;
pub mod counter_url;
pub mod exclusions;
pub mod open_updates;
pub mod placement;
pub mod settings;
pub mod shards;
pub mod variable;
pub mod variables;
