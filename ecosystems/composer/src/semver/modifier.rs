//! The suffix of a version: `-beta2`, `.RC.1-dev`, `pl3`.

/// Whether letters may be of either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// As spelled in [`WORDS`].
    Sensitive,
    /// Any.
    Insensitive,
}

/// The words in the order in which they are tried.
const WORDS: [&str; 9] = ["stable", "beta", "b", "RC", "alpha", "a", "patch", "pl", "p"];

/// A suffix, taken apart. Nothing at all is a suffix, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Modifier<'a> {
    /// One of [`WORDS`], in their spelling.
    pub(super) word: Option<&'static str>,
    /// The word as typed.
    pub(super) typed_word: &'a str,
    /// Digits behind the word, with dots and dashes before and between them.
    pub(super) digits: &'a str,
    /// Whether `dev` stands at the end.
    pub(super) is_dev: bool,
}

impl<'a> Modifier<'a> {
    /// Reads the whole of `text` as a suffix: a separator, a word with digits, `dev`; each of
    /// them may be missing.
    pub(super) fn parse(text: &'a str, case: Case) -> Option<Self> {
        let without_separator = text.strip_prefix(['.', '_', '-']);
        without_separator.into_iter().chain([text]).find_map(|rest| {
            let with_word = WORDS.iter().find_map(|word| {
                let (typed_word, behind) = split_word(rest, word, case)?;
                let (digits, tail) = split_digits(behind);
                let is_dev = dev_or_nothing(tail, case)?;
                Some(Self { word: Some(word), typed_word, digits, is_dev })
            });
            with_word
                .or_else(|| Some(Self { is_dev: dev_or_nothing(rest, case)?, ..Self::default() }))
        })
    }

    /// Whether nothing in it says how stable the version is.
    pub(super) fn is_empty(&self) -> bool {
        self.word.is_none() && !self.is_dev
    }
}

fn split_word<'a>(text: &'a str, word: &str, case: Case) -> Option<(&'a str, &'a str)> {
    let (found, behind) = text.split_at_checked(word.len())?;
    let is_equal = match case {
        Case::Sensitive => found == word,
        Case::Insensitive => found.eq_ignore_ascii_case(word),
    };
    is_equal.then_some((found, behind))
}

/// Takes as many `[.-]?digits` from the front as there are.
fn split_digits(text: &str) -> (&str, &str) {
    let mut end = 0;
    while let Some(rest) = text.get(end..) {
        let separator = usize::from(rest.starts_with(['.', '-']));
        let digits = rest.bytes().skip(separator).take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        end += separator + digits;
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `Some(true)` for `dev` with an optional dot or dash, `Some(false)` for nothing.
fn dev_or_nothing(text: &str, case: Case) -> Option<bool> {
    if text.is_empty() {
        return Some(false);
    }
    let word = text.strip_prefix(['.', '-']).unwrap_or(text);
    let is_dev = match case {
        Case::Sensitive => word == "dev",
        Case::Insensitive => word.eq_ignore_ascii_case("dev"),
    };
    is_dev.then_some(true)
}
