//! `SHARDS` and `MAX_SHARDS`: how many objects share the visits of a site.

use crate::counting::config::variable::{ConfigError, Variable};
use crate::counting::config::variables::whole_number;
use crate::counting::model::limits::MAX_SHARDS;

/// The default of `MAX_SHARDS`. A read asks all shards, and shards are never taken away.
const DEFAULT_MOST: u32 = 64;

/// How many shards a site has. In no case are there fewer than there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardsSetting {
    /// As many as the owner says.
    Fixed(u16),
    /// As many as the load needs: [`growth`](crate::counting::dispatch::growth).
    Auto {
        /// No load adds shards beyond this number.
        most: u16,
    },
}

impl ShardsSetting {
    pub(crate) fn parse(shards: Variable, most: Variable) -> Result<Self, ConfigError> {
        let most = whole_number(most, "MAX_SHARDS", DEFAULT_MOST, 1..=MAX_SHARDS.into(), "")?;
        let is_auto = match &shards {
            Variable::Missing => true,
            Variable::Text(text) => text == "auto",
            Variable::Other => false,
        };
        let shards = if is_auto { Variable::Missing } else { shards };
        let number = whole_number(shards, "SHARDS", most, 1..=MAX_SHARDS.into(), " (or `auto`)")?;
        let number = u16::try_from(number).unwrap_or(MAX_SHARDS);
        Ok(if is_auto { Self::Auto { most: number } } else { Self::Fixed(number) })
    }

    /// The fewest shards of a site's first day.
    pub fn least(self) -> u16 {
        match self {
            Self::Fixed(shards) => shards,
            Self::Auto { .. } => 1,
        }
    }

    /// The most shards that a load may lead to, if it may add any.
    pub fn most(self) -> Option<u16> {
        match self {
            Self::Fixed(_) => None,
            Self::Auto { most } => Some(most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Variable {
        Variable::Text(value.to_owned())
    }

    #[test]
    fn shards_are_1_to_256_or_as_many_as_the_load_needs() {
        let parse = ShardsSetting::parse;
        for (value, shards) in [(text("1"), 1), (text("256"), 256)] {
            assert_eq!(parse(value.clone(), Variable::Missing).unwrap(), ShardsSetting::Fixed(shards));
            assert_eq!(parse(Variable::Missing, value).unwrap(), ShardsSetting::Auto { most: shards });
        }
        for unset in [Variable::Missing, text("auto")] {
            assert_eq!(parse(unset, Variable::Missing).unwrap(), ShardsSetting::Auto { most: 64 });
        }
        for value in [text("0"), text("257"), text("many"), text(""), Variable::Other] {
            let error = parse(value.clone(), Variable::Missing).unwrap_err();
            assert_eq!((error.variable, &*error.allowed), ("SHARDS", "a whole number (or `auto`) from 1 to 256"));
            for shards in [Variable::Missing, text("4")] {
                let error = parse(shards, value.clone()).unwrap_err();
                assert_eq!((error.variable, &*error.allowed), ("MAX_SHARDS", "a whole number from 1 to 256"));
            }
        }
        assert_eq!(parse(Variable::Missing, text("auto")).unwrap_err().variable, "MAX_SHARDS");
        let both = parse(text("100"), text("2")).unwrap();
        assert_eq!((both.least(), both.most()), (100, None), "a number fixes it");
    }
}
