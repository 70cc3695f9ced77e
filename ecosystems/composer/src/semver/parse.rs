//! The grammar of constraints.
//!
//! Composer has one regular expression per form and tries them in turn; each function here is one
//! of them, in the same order. What none of them reads is refused.

use super::constraint::{Comparison, Constraint, Operator};
use super::modifier::{Case, Modifier};
use super::normalize::{has_space, normalize, split_flag, without_alias};
use super::{SemverError, Stability};

/// Longest constraint that is read, in bytes. Advisories list exact versions by the hundred.
pub const MAX_CONSTRAINT_BYTES: usize = 16 * 1024;

type Parsed<T> = Result<T, SemverError>;

pub(super) fn constraint(raw: &str) -> Parsed<Constraint> {
    if raw.len() > MAX_CONSTRAINT_BYTES {
        return Err(SemverError::TooLong { limit_bytes: MAX_CONSTRAINT_BYTES });
    }
    let is_space = |c: char| c.is_ascii_whitespace() || c == '\x0B';
    let raw = raw.trim_matches(|c| is_space(c) || c == '\0');
    // `||` is one separator, `|||` is two.
    let mut choices = Vec::new();
    let mut rest = raw;
    while let Some((choice, behind)) = rest.split_once('|') {
        choices.push(choice);
        rest = behind.strip_prefix('|').unwrap_or(behind);
    }
    choices.push(rest);
    let last = choices.len() - 1;
    let mut parsed = Vec::with_capacity(choices.len());
    for (at, choice) in choices.into_iter().enumerate() {
        let choice = if at == 0 { choice } else { choice.trim_start_matches(is_space) };
        let choice = if at == last { choice } else { choice.trim_end_matches(is_space) };
        parsed.push(conjunction(choice)?);
    }
    Ok(only_or(parsed, Constraint::Either))
}

fn only_or(mut parts: Vec<Constraint>, join: fn(Vec<Constraint>) -> Constraint) -> Constraint {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn conjunction(text: &str) -> Parsed<Constraint> {
    let mut parts = Vec::new();
    for part in split_conjunction(text) {
        parts.extend(single(part)?);
    }
    Ok(only_or(parts, Constraint::All))
}

/// Splits at commas and spaces that stand between two constraints.
fn split_conjunction(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 1);
    while at < text.len() {
        match separator_end(text, at) {
            Some(end) => {
                parts.extend(text.get(start..at));
                (start, at) = (end, end.max(at + 1));
            }
            None => at += 1,
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// Where the separator that starts at `at` ends: neither an operator's own space, nor part of
/// ` - ` or ` as `.
fn separator_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let before = bytes.get(..at)?;
    if before.ends_with(b"as") || matches!(before.last(), Some(b'=' | b'>' | b'<' | b' ' | b',')) {
        return None;
    }
    let spaces = |from: usize| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|byte| **byte == b' ').count()
    };
    (at..=at + spaces(at)).rev().find_map(|comma| {
        let is_separator = matches!(bytes.get(comma), Some(b',' | b' '));
        let is_hyphen = |at: usize| bytes.get(at) == Some(&b'-');
        if !is_separator || is_hyphen(comma.checked_sub(1)?) || is_hyphen(comma + 1) {
            return None;
        }
        let next = comma + 1;
        (next..=next + spaces(next)).rev().find(|end| {
            let rest = bytes.get(*end..).unwrap_or_default();
            !rest.is_empty() && !rest.starts_with(b",") && !rest.starts_with(b"as")
        })
    })
}

/// Reads one constraint; some are two comparisons.
fn single(raw: &str) -> Parsed<Vec<Constraint>> {
    let mut text = without_alias(raw);
    let mut flag = None;
    if let Some((version, found)) = split_flag(text)
        && !version.contains(',')
        && !has_space(version)
    {
        text = if version.is_empty() { "*" } else { version };
        flag = (found != "stable").then_some(found);
    }
    let text = without_reference(text);
    if let Some(any) = anything(text) {
        return Ok(vec![any]);
    }
    if let Some(range) = tilde(text).or_else(|| caret(text)) {
        return range;
    }
    if let Some(range) = wildcard(text) {
        return range;
    }
    if let Some(range) = hyphen(text) {
        return range;
    }
    comparison(text, flag).map(|one| vec![one])
}

/// `dev-main#4f2a…` is `dev-main`: the commit is for the installer.
fn without_reference(text: &str) -> &str {
    let is_pinnable = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let is_branch = lower.starts_with("dev-") && lower.len() > 4;
        let is_open = lower.ends_with(".x-dev") && lower.len() > 6;
        (is_branch || is_open) && !name.contains([',', '@']) && !has_space(name)
    };
    let hashes = text.match_indices('#').map(|(at, _)| at).filter(|at| at + 1 < text.len());
    let mut names = hashes.filter_map(|at| text.get(..at));
    names.find(|name| is_pinnable(name)).unwrap_or(text)
}

fn is_open(part: &str) -> bool {
    matches!(part, "x" | "X" | "*")
}

fn anything(text: &str) -> Option<Constraint> {
    let plain = text.strip_prefix(['v', 'V']);
    let is_open_throughout = plain.unwrap_or(text).split('.').all(is_open);
    is_open_throughout.then(|| match plain.is_none() && !text.contains('.') {
        true => Constraint::Any,
        false => one(Operator::GreaterOrEqual, "0.0.0.0-dev"),
    })
}

fn one(operator: Operator, version: impl Into<String>) -> Constraint {
    Constraint::One(Comparison::new(operator, version))
}

/// A version as it stands in a range: one to four numbers, then a suffix or `.x-dev`.
struct Shape<'a> {
    numbers: Vec<&'a str>,
    /// A suffix that says how stable it is.
    has_stability: bool,
    is_open: bool,
}

impl<'a> Shape<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut numbers = Vec::new();
        loop {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = rest.split_at_checked(length).filter(|_| length > 0)?;
            numbers.push(number);
            rest = behind;
            let goes_on = rest
                .strip_prefix('.')
                .filter(|next| numbers.len() < 4 && next.starts_with(|c: char| c.is_ascii_digit()));
            match goes_on {
                Some(next) => rest = next,
                None => break,
            }
        }
        let suffix = match rest.split_once('+') {
            Some((_, build)) if build.is_empty() || has_space(build) => return None,
            Some((suffix, _build)) => suffix,
            None => rest,
        };
        if let Some(modifier) = Modifier::parse(suffix, Case::Insensitive) {
            return Some(Self { numbers, has_stability: !modifier.is_empty(), is_open: false });
        }
        let dev = suffix.strip_prefix('.')?.strip_prefix(['x', 'X', '*'])?;
        let dev = dev.strip_prefix(['.', '-']).unwrap_or(dev);
        dev.eq_ignore_ascii_case("dev").then_some(Self {
            numbers,
            has_stability: false,
            is_open: true,
        })
    }

    fn says_how_stable(&self) -> bool {
        self.has_stability || self.is_open
    }

    fn number(&self, at: usize) -> Option<&'a str> {
        self.numbers.get(at).copied()
    }
}

/// The version in which the number in this place (from 1) is one more and all behind it are zero.
fn incremented(numbers: &[&str], place: usize) -> Parsed<String> {
    padded(numbers, place, 1)
}

fn padded(numbers: &[&str], place: usize, increment: u64) -> Parsed<String> {
    let mut parts = Vec::with_capacity(4);
    for at in 1..=4 {
        let number = numbers.get(at - 1).copied().unwrap_or_default();
        parts.push(match at {
            _ if at > place => "0".to_owned(),
            _ if at == place && increment > 0 => {
                let value = if number.is_empty() { Ok(0) } else { number.parse::<u64>() };
                let sum = value.ok().and_then(|value| value.checked_add(increment));
                sum.ok_or(SemverError::NotAConstraint)?.to_string()
            }
            _ => number.to_owned(),
        });
    }
    Ok(parts.join("."))
}

fn as_constraint<T>(result: Parsed<T>) -> Parsed<T> {
    result.map_err(|_| SemverError::NotAConstraint)
}

/// `>=` the text as a version, `-dev` added unless it says how stable it is; `<` the other one.
fn from_up_to(text: &str, shape: &Shape<'_>, place: usize) -> Parsed<Vec<Constraint>> {
    let suffix = if shape.says_how_stable() { "" } else { "-dev" };
    let low = as_constraint(normalize(&format!("{text}{suffix}")))?;
    let high = incremented(&shape.numbers, place)? + "-dev";
    Ok(vec![one(Operator::GreaterOrEqual, low), one(Operator::Less, high)])
}

fn tilde(text: &str) -> Option<Parsed<Vec<Constraint>>> {
    let version = text.strip_prefix('~')?;
    // `~>` is of another language.
    let shape = Shape::parse(version)?;
    let place = shape.numbers.len() + usize::from(shape.is_open);
    Some(from_up_to(version, &shape, place.saturating_sub(1).max(1)))
}

fn caret(text: &str) -> Option<Parsed<Vec<Constraint>>> {
    let version = text.strip_prefix('^')?;
    let shape = Shape::parse(version)?;
    let place = match (shape.number(0), shape.number(1), shape.number(2)) {
        (Some("0"), Some("0"), Some(_)) => 3,
        (Some("0"), Some(_), _) => 2,
        _ => 1,
    };
    Some(from_up_to(version, &shape, place))
}

fn wildcard(text: &str) -> Option<Parsed<Vec<Constraint>>> {
    let mut numbers: Vec<&str> = text.strip_prefix(['v', 'V']).unwrap_or(text).split('.').collect();
    let all = numbers.len();
    while numbers.last().is_some_and(|part| is_open(part)) {
        numbers.pop();
    }
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let has_shape = numbers.len() < all && (1..=3).contains(&numbers.len());
    if !has_shape || !numbers.iter().all(is_number) {
        return None;
    }
    let place = numbers.len();
    let range = || {
        let low = padded(&numbers, place, 0)? + "-dev";
        let high = one(Operator::Less, incremented(&numbers, place)? + "-dev");
        Ok(match low.as_str() {
            "0.0.0.0-dev" => vec![high],
            _ => vec![one(Operator::GreaterOrEqual, low), high],
        })
    };
    Some(range())
}

fn hyphen(text: &str) -> Option<Parsed<Vec<Constraint>>> {
    let (from, rest) = text.split_once(' ')?;
    let to = rest.trim_start_matches(' ').strip_prefix("- ")?.trim_start_matches(' ');
    let (low, high) = (Shape::parse(from)?, Shape::parse(to)?);
    let range = || {
        let suffix = if low.says_how_stable() { "" } else { "-dev" };
        let lower = as_constraint(normalize(from))? + suffix;
        let upper = as_constraint(normalize(to))?;
        let is_exact = high.numbers.len() >= 3 || high.says_how_stable();
        let upper = if is_exact {
            one(Operator::LessOrEqual, upper)
        } else {
            let place = high.numbers.len().min(2);
            one(Operator::Less, incremented(&high.numbers, place)? + "-dev")
        };
        Ok(vec![one(Operator::GreaterOrEqual, lower), upper])
    };
    Some(range())
}

fn comparison(text: &str, flag: Option<&str>) -> Parsed<Constraint> {
    let operators = [
        ("<>", Operator::NotEqual),
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        (">", Operator::Greater),
        ("<=", Operator::LessOrEqual),
        ("<", Operator::Less),
        ("==", Operator::Equal),
        ("=", Operator::Equal),
    ];
    let found = operators.iter().find_map(|(sign, op)| Some((text.strip_prefix(sign)?, *op)));
    let (typed, operator) = found.unwrap_or((text, Operator::Equal));
    let typed = typed.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0B');
    let mut version = as_constraint(normalize(typed).or_else(|error| {
        // `main-dev` is a common slip for `dev-main`.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
        match typed.strip_suffix("-dev").filter(|_| typed.chars().all(is_plain)) {
            Some(branch) => normalize(&format!("dev-{branch}")),
            None => Err(error),
        }
    }))?;
    match flag {
        Some(flag)
            if operator != Operator::Equal && Stability::of(&version) == Stability::Stable =>
        {
            version = format!("{version}-{flag}");
        }
        _ if matches!(operator, Operator::Less | Operator::GreaterOrEqual)
            && !ends_in_suffix(typed)
            && !typed.starts_with("dev-") =>
        {
            version.push_str("-dev");
        }
        _ => {}
    }
    Ok(one(operator, version))
}

/// Whether a dash and a suffix end it. Composer compares lower-cased letters with `RC` here, so
/// release candidates do not count.
fn ends_in_suffix(typed: &str) -> bool {
    let lower = typed.to_ascii_lowercase();
    let mut dashes = lower.match_indices('-').filter_map(|(at, _)| lower.get(at + 1..));
    dashes.any(|suffix| Modifier::parse(suffix, Case::Sensitive).is_some())
}
