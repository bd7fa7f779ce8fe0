//! A variable as the platform hands it over, and what can be wrong with it.

/// The value of a variable as the platform hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Not set.
    Missing,
    /// A string, or a number as it is written: `wrangler.toml` may say `COUNTER_TIMEOUT_MS = 5000`.
    Text(String),
    /// Anything else: a flag, an object, a list.
    Other,
}

/// A variable with a wrong value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What it says, for a person; passwords in URLs are left out.
    pub value: String,
    /// What it may say.
    pub allowed: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {}; allowed: {}", self.variable, self.value, self.allowed)
    }
}

/// Who may do something.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Who has this token.
    Token(String),
    /// Nobody.
    Closed,
}

impl std::fmt::Debug for Access {
    /// Never shows the token: what is logged stays.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Token(_) => "Token(…)",
            Self::Closed => "Closed",
        })
    }
}
