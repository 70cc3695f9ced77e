//! Line-wise editing of `npmrc` and of the files that Python's `configparser` reads.
//!
//! Only the lines of one option are touched. Comments, order and everything else stay.

/// How a line is split into option and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `key=value`; keys hold colons, case matters, there are no sections for settings.
    Npmrc,
    /// `[section]`, `key = value` or `key: value`, values go on in indented lines, keys are
    /// folded to lower case with `-` for `_`.
    ConfigParser,
}

impl Dialect {
    fn split(self, line: &str) -> Option<(String, &str)> {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';', '[']) {
            return None;
        }
        let (key, value) = match self {
            Self::Npmrc => trimmed.split_once('=')?,
            Self::ConfigParser => trimmed.split_once(['=', ':'])?,
        };
        Some((self.fold(key.trim()), value.trim()))
    }

    fn fold(self, key: &str) -> String {
        match self {
            Self::Npmrc => key.to_owned(),
            Self::ConfigParser => key.to_lowercase().replace('_', "-"),
        }
    }
}

/// One option, as lines of the file.
struct Found {
    first: usize,
    /// One past its last line.
    end: usize,
    value: String,
}

/// A file as lines, with the line ending it uses.
struct Lines<'a> {
    lines: Vec<&'a str>,
    ending: &'static str,
    dialect: Dialect,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, dialect: Dialect) -> Self {
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        // A byte order mark would be part of the first key.
        let lines = text.trim_start_matches('\u{feff}').lines().collect();
        Self { lines, ending, dialect }
    }

    fn line(&self, place: usize) -> &'a str {
        self.lines.get(place).copied().unwrap_or_default()
    }

    fn is_header(&self, place: usize) -> bool {
        self.line(place).trim_start().starts_with('[')
    }

    /// Lines of a section, without its header; `None` is the part before the first header.
    fn section(&self, name: Option<&str>) -> Option<(usize, usize)> {
        let start = match name {
            None => 0,
            Some(name) => {
                let header = format!("[{name}]");
                1 + (0..self.lines.len()).find(|place| self.line(*place).trim() == header)?
            }
        };
        let end = (start..self.lines.len()).find(|place| self.is_header(*place));
        Some((start, end.unwrap_or(self.lines.len())))
    }

    fn find(&self, section: Option<&str>, key: &str) -> Vec<Found> {
        let Some((start, end)) = self.section(section) else { return Vec::new() };
        let key = self.dialect.fold(key);
        let mut found = Vec::new();
        let mut place = start;
        while place < end {
            let first = place;
            place += 1;
            let is_continuation = |at: usize| {
                let line = self.line(at);
                self.dialect == Dialect::ConfigParser
                    && line.starts_with([' ', '\t'])
                    && !line.trim().is_empty()
            };
            let Some((name, value)) = self.dialect.split(self.line(first)) else { continue };
            let mut value = value.to_owned();
            while place < end && is_continuation(place) {
                value.push('\n');
                value.push_str(self.line(place).trim());
                place += 1;
            }
            if name == key {
                found.push(Found { first, end: place, value });
            }
        }
        found
    }

    fn join(&self, lines: impl IntoIterator<Item = String>) -> String {
        lines.into_iter().flat_map(|line| [line, self.ending.to_owned()]).collect()
    }
}

/// The value of an option, its continuation lines joined by line feeds. The last one wins.
pub(crate) fn get(
    dialect: Dialect,
    text: &str,
    section: Option<&str>,
    key: &str,
) -> Option<String> {
    Lines::of(text, dialect).find(section, key).pop().map(|found| found.value)
}

/// Sets an option: in its old place, else at the end of its section, else in a new section at the
/// end of the file. Further lines for the same option go.
pub(crate) fn set(
    dialect: Dialect,
    text: &str,
    section: Option<&str>,
    key: &str,
    value: &str,
) -> String {
    let file = Lines::of(text, dialect);
    let found = file.find(section, key);
    // A value that is right already keeps its line, spacing and all.
    if let [only] = found.as_slice()
        && only.value == value
    {
        return text.to_owned();
    }
    let new_lines = match dialect {
        Dialect::Npmrc => vec![format!("{key}={value}")],
        Dialect::ConfigParser => match value.split_once('\n') {
            None => vec![format!("{key} = {value}")],
            Some((first, rest)) => {
                let head = format!("{key} = {first}").trim_end().to_owned();
                let rest = rest.lines().map(|line| format!("    {line}"));
                std::iter::once(head).chain(rest).collect()
            }
        },
    };
    let is_old = |place: usize| found.iter().any(|f| (f.first..f.end).contains(&place));
    let (at, header) = match (found.first(), file.section(section), section) {
        (Some(first), _, _) => (first.first, None),
        (None, Some((start, end)), _) => {
            let last_used = (start..end).rev().find(|place| !file.line(*place).trim().is_empty());
            (last_used.map_or(start, |place| place + 1), None)
        }
        (None, None, name) => (file.lines.len(), name.map(|name| format!("[{name}]"))),
    };
    let mut result = Vec::new();
    for place in 0..=file.lines.len() {
        if place == at {
            if header.is_some() && place > 0 {
                result.push(String::new());
            }
            result.extend(header.clone());
            result.extend(new_lines.iter().cloned());
        }
        if place < file.lines.len() && !is_old(place) {
            result.push(file.line(place).to_owned());
        }
    }
    file.join(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_pip(text: &str, key: &str, value: &str, expected: &str) {
        let once = set(Dialect::ConfigParser, text, Some("global"), key, value);
        assert_eq!(once, expected);
        assert_eq!(set(Dialect::ConfigParser, &once, Some("global"), key, value), once);
        assert_eq!(get(Dialect::ConfigParser, &once, Some("global"), key).as_deref(), Some(value));
    }

    #[track_caller]
    fn check_npmrc(text: &str, key: &str, value: &str, expected: &str) {
        let once = set(Dialect::Npmrc, text, None, key, value);
        assert_eq!(once, expected);
        assert_eq!(set(Dialect::Npmrc, &once, None, key, value), once);
    }

    #[test]
    fn an_option_is_set_in_its_place() {
        check_pip("", "index-url", "u", "[global]\nindex-url = u\n");
        check_pip(
            "# mine\n[global]\nINDEX_URL: old\n  older\ntimeout = 3\n\n[list]\nformat = json\n",
            "index-url",
            "u",
            "# mine\n[global]\nindex-url = u\ntimeout = 3\n\n[list]\nformat = json\n",
        );
        check_pip(
            "[list]\nindex-url = other\n\n[global]\ntimeout=3",
            "index-url",
            "u",
            "[list]\nindex-url = other\n\n[global]\ntimeout=3\nindex-url = u\n",
        );
        check_pip("[global]\r\na = b\r\n", "c", "d", "[global]\r\na = b\r\nc = d\r\n");
        check_pip("[global]\n", "hosts", "\na\nb", "[global]\nhosts =\n    a\n    b\n");
    }

    #[test]
    fn npmrc_keys_hold_colons_and_duplicates_go() {
        check_npmrc("", "registry", "u", "registry=u\n");
        check_npmrc(
            "; mine\nregistry = a\n//h:8/npm/:_authToken=t\nregistry=b\n",
            "registry",
            "u",
            "; mine\nregistry=u\n//h:8/npm/:_authToken=t\n",
        );
        check_npmrc("//h:8/:_authToken=t\n", "//h:8/:_authToken", "n", "//h:8/:_authToken=n\n");
        check_npmrc("a=b", "registry", "u", "a=b\nregistry=u\n");
    }
}
