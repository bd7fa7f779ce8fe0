//! A variable as the platform passes it, and the error for a wrong one.

/// The value of a variable as the platform passes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Not set.
    Missing,
    /// A text, or a number as a text: `wrangler.toml` may have `COUNTER_TIMEOUT_MS = 5000`.
    Text(String),
    /// Any other value: true, false, an object or a list.
    Other,
}

/// A variable with a wrong value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// Its value, for people. Tokens, and passwords in URLs, are left out.
    pub value: String,
    /// The values that are allowed, for people.
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
    /// Clients that send this token.
    Token(String),
    /// Nobody.
    Closed,
}

impl std::fmt::Debug for Access {
    /// Leaves out the token, because logs are kept.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Token(_) => "Token(…)",
            Self::Closed => "Closed",
        })
    }
}
