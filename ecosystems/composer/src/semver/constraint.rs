//! Constraints: which versions somebody accepts.

use std::fmt;

use super::{SemverError, compare, is_branch, parse};

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One comparison with a normalized version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// How to compare.
    pub operator: Operator,
    /// With what: normalized.
    pub version: String,
}

impl Comparison {
    pub(super) fn new(operator: Operator, version: impl Into<String>) -> Self {
        Self { operator, version: version.into() }
    }

    fn matches(&self, version: &str) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};

        // A branch is only ever equal to itself.
        if is_branch(version) || is_branch(&self.version) {
            return match self.operator {
                Operator::Equal => version == self.version,
                Operator::NotEqual => version != self.version,
                _ => false,
            };
        }
        let order = compare(version, &self.version);
        match self.operator {
            Operator::Equal => order == Equal,
            Operator::NotEqual => order != Equal,
            Operator::Less => order == Less,
            Operator::LessOrEqual => order != Greater,
            Operator::Greater => order == Greater,
            Operator::GreaterOrEqual => order != Less,
        }
    }
}

/// A constraint, parsed. Its depth is two: a choice of conjunctions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// `*`: every version, branches too.
    Any,
    /// One comparison.
    One(Comparison),
    /// All of them must hold.
    All(Vec<Constraint>),
    /// One of them must hold.
    Either(Vec<Constraint>),
}

impl Constraint {
    /// Reads a constraint: `^1.2 || ~2.0.3`, `>=1.0,<2.0`, `1.0 - 2.0`, `1.*`, `dev-main`.
    /// Stability flags and pinned commits are read and have no effect on what matches, except
    /// where a flag becomes the suffix of a comparison.
    ///
    /// # Errors
    ///
    /// [`SemverError::TooLong`]; [`SemverError::NotAConstraint`].
    pub fn parse(raw: &str) -> Result<Self, SemverError> {
        parse::constraint(raw)
    }

    /// Whether it accepts a normalized version.
    pub fn matches(&self, normalized: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(comparison) => comparison.matches(normalized),
            Self::All(parts) => parts.iter().all(|part| part.matches(normalized)),
            Self::Either(parts) => parts.iter().any(|part| part.matches(normalized)),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// As Composer prints constraints for debugging.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, between) = match self {
            Self::Any => return f.write_str("*"),
            Self::One(Comparison { operator, version }) => {
                return write!(f, "{operator} {version}");
            }
            Self::All(parts) => (parts, " "),
            Self::Either(parts) => (parts, " || "),
        };
        for (at, part) in parts.iter().enumerate() {
            write!(f, "{}{part}", if at == 0 { "[" } else { between })?;
        }
        f.write_str("]")
    }
}
