//! Patterns of file names as Composer reads them in `archive.exclude` and `.gitattributes`.
//!
//! Source: `BaseExcludeFilter` of Composer and `Glob` of Symfony's Finder, which it stands on.
//! `*` and `?` stop at a slash and do not match a dot at the beginning of a name, `**` crosses
//! slashes, `{a,b}` is either, `[abc]` is a set. A pattern without a slash (or with one only at its
//! end) fits a name at any depth, one with a leading slash begins at the top, and any other one
//! fits anywhere. What fits a folder fits all that is in it.

/// Steps that matching one path may take; a pattern of many stars would take years.
const MAX_STEPS: usize = 200_000;

/// One pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Whether it takes back what earlier ones left out.
    pub(super) is_negative: bool,
    alternatives: Vec<Vec<Piece>>,
    start: Start,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// At the top.
    Top,
    /// At the beginning of a name.
    Name,
    /// Anywhere.
    Anywhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Char(char),
    /// One character but a slash.
    Any,
    /// Characters but slashes.
    Star,
    /// Characters.
    DoubleStar,
    Set {
        is_negative: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Reads a pattern. `None` when it is empty.
    pub(super) fn new(rule: &str) -> Option<Self> {
        let (is_negative, rule) = match rule.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start_matches('!')),
            None => (false, rule),
        };
        let start = match rule.find('/') {
            Some(0) => Start::Top,
            Some(at) if at + 1 < rule.len() => Start::Anywhere,
            _ => Start::Name,
        };
        let rule = rule.trim_matches('/');
        if rule.is_empty() {
            return None;
        }
        let alternatives = expand(rule).iter().map(|text| pieces(text)).collect();
        Some(Self { is_negative, alternatives, start })
    }

    /// Whether it fits a path, or a folder that the path is in.
    ///
    /// * `path`: relative, with slashes, without one at its beginning.
    pub(super) fn fits(&self, path: &str) -> bool {
        let chars: Vec<char> = path.chars().collect();
        let starts = (0..chars.len()).filter(|at| match self.start {
            Start::Top => *at == 0,
            Start::Name => *at == 0 || chars.get(at - 1) == Some(&'/'),
            Start::Anywhere => true,
        });
        let mut steps = 0;
        starts.into_iter().any(|at| {
            let rest = chars.get(at..).unwrap_or_default();
            let is_start = at == 0 || chars.get(at - 1) == Some(&'/');
            self.alternatives.iter().any(|pieces| matches(pieces, rest, is_start, &mut steps))
        })
    }
}

/// `a{b,c}` is `ab` and `ac`. What is not closed stands for itself; nesting is not expanded.
fn expand(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else { return vec![text.to_owned()] };
    let Some((inside, after)) = rest.split_once('}') else { return vec![text.to_owned()] };
    let tails = expand(after);
    let heads = inside.split(',').map(|choice| format!("{before}{choice}"));
    heads
        .flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")))
        .take(1000)
        .collect()
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        rest = after;
        let piece = match first {
            '*' if after.starts_with('*') => {
                rest = after.trim_start_matches('*');
                Piece::DoubleStar
            }
            '*' => Piece::Star,
            '?' => Piece::Any,
            '\\' => {
                let escaped = after.chars().next();
                rest = after.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default();
                Piece::Char(escaped.unwrap_or('\\'))
            }
            '[' => match after.split_once(']') {
                Some((set, tail)) if !set.is_empty() => {
                    rest = tail;
                    read_set(set)
                }
                _ => Piece::Char('['),
            },
            other => Piece::Char(other),
        };
        pieces.push(piece);
    }
    pieces
}

fn read_set(set: &str) -> Piece {
    let inner = set.strip_prefix(['!', '^']);
    let chars: Vec<char> = inner.unwrap_or(set).chars().collect();
    let mut ranges = Vec::new();
    let mut rest = chars.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        match tail {
            ['-', last, further @ ..] => {
                ranges.push((*first, *last));
                rest = further;
            }
            _ => {
                ranges.push((*first, *first));
                rest = tail;
            }
        }
    }
    Piece::Set { is_negative: inner.is_some(), ranges }
}

/// * `is_start`: whether `text` begins with the first character of a name.
fn matches(pieces: &[Piece], text: &[char], is_start: bool, steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    let Some((piece, pieces)) = pieces.split_first() else {
        return text.first().is_none_or(|next| *next == '/');
    };
    let is_hidden = is_start && text.first() == Some(&'.');
    let next = text.split_first();
    let mut go_on = |pieces: &[Piece]| {
        next.is_some_and(|(next, rest)| matches(pieces, rest, *next == '/', steps))
    };
    match piece {
        Piece::Char(c) => next.is_some_and(|(next, _)| next == c) && go_on(pieces),
        Piece::Any => next.is_some_and(|(next, _)| *next != '/') && !is_hidden && go_on(pieces),
        Piece::Set { is_negative, ranges } => {
            let fits = |c: &char| ranges.iter().any(|(first, last)| (first..=last).contains(&c));
            next.is_some_and(|(next, _)| *next != '/' && fits(next) != *is_negative)
                && go_on(pieces)
        }
        Piece::Star | Piece::DoubleStar => {
            let crosses = *piece == Piece::DoubleStar;
            let mut rest = text;
            let mut starts = is_start;
            loop {
                if matches(pieces, rest, starts, steps) {
                    return true;
                }
                match rest.split_first() {
                    Some(('/', _)) if !crosses => return false,
                    // A star does not stand for a hidden name.
                    Some(('.', _)) if starts && !crosses => return false,
                    Some((taken, further)) => {
                        starts = *taken == '/';
                        rest = further;
                    }
                    None => return false,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, fits: &[&str], others: &[&str]) {
        let pattern = Pattern::new(rule).unwrap();
        for path in fits {
            assert!(pattern.fits(path), "{rule} does not fit {path}");
        }
        for path in others {
            assert!(!pattern.fits(path), "{rule} fits {path}");
        }
    }

    #[test]
    fn a_name_fits_at_any_depth_and_with_all_that_is_in_it() {
        check("tests", &["tests", "tests/a.php", "src/tests/b.php"], &["mytests", "tests2/a"]);
        check("tests/", &["tests/a.php", "src/tests/b.php"], &["testsuite/a"]);
        check("*.dist", &["phpunit.xml.dist", "a/b.dist"], &["a.dist2", "dist"]);
    }

    #[test]
    fn a_leading_slash_begins_at_the_top() {
        check("/docs", &["docs", "docs/a.md"], &["src/docs", "docs2"]);
        check("/*.md", &["README.md"], &["docs/a.md", ".hidden.md"]);
    }

    #[test]
    fn stars_stop_at_slashes_unless_they_are_two() {
        check("/src/*/test", &["src/a/test", "src/a/test/b"], &["src/a/b/test"]);
        check("/src/**/test", &["src/a/b/test", "src/a/test"], &["lib/a/test"]);
        check("file?.txt", &["file1.txt"], &["file/.txt", "file10.txt"]);
    }

    #[test]
    fn sets_and_choices_are_read() {
        check("/[a-c]x", &["ax", "cx"], &["dx", "x"]);
        check("/[!a]x", &["bx"], &["ax"]);
        check("*.{md,txt}", &["a.md", "b/c.txt"], &["a.php"]);
        check("/a\\*", &["a*"], &["ab"]);
    }

    #[test]
    fn a_negative_pattern_is_told_apart() {
        assert!(Pattern::new("!/keep").unwrap().is_negative);
        assert!(Pattern::new("/").is_none());
        assert!(Pattern::new("").is_none());
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let rule = "**a".repeat(40);
        assert!(!Pattern::new(&rule).unwrap().fits(&"a".repeat(39)));
    }
}
