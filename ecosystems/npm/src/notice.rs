//! One line about withheld releases, in a header that npm prints ("npm notice …").
//!
//! An install that wants a withheld version exactly ends in "no matching version": the packument
//! cannot say why, the header can. pnpm and Yarn do not show it. npm shows it when the document is
//! new to it, so it is kept short and tells of what people may have asked for: pre-releases, which
//! some packages publish every night, are left out.

use vouchsafe_domain::index::WithheldRelease;

use crate::version;

/// The header.
pub(crate) const HEADER: &str = "npm-notice";
/// Longest notice, in bytes.
const MAX_BYTES: usize = 300;
/// Other versions that are named at most.
const MAX_OTHERS: usize = 5;
/// What stands before the link in a reason.
const LINK: &str = "; see ";

/// The notice of a package, when releases of it are withheld.
///
/// * `withheld`: in ascending version order.
pub(crate) fn of(withheld: &[WithheldRelease]) -> Option<String> {
    let is_told = |held: &&WithheldRelease| !version::is_prerelease(&held.release.version);
    let mut newest_first = withheld.iter().rev().filter(is_told);
    let newest = newest_first.next()?;
    let others: Vec<_> = newest_first.map(|other| other.release.version.display()).collect();
    let others = match others.get(..MAX_OTHERS) {
        _ if others.is_empty() => String::new(),
        Some(some) if others.len() > MAX_OTHERS => {
            format!(" (also withheld: {} and {} more)", some.join(", "), others.len() - MAX_OTHERS)
        }
        _ => format!(" (also withheld: {})", others.join(", ")),
    };
    let others = if others.len() > MAX_BYTES / 3 { String::new() } else { others };
    Some(reason(newest, MAX_BYTES - others.len()) + &others)
}

/// The reason in printable ASCII. A link stays whole, its text is shortened for it.
fn reason(withheld: &WithheldRelease, room: usize) -> String {
    let plain = |text: &str| -> String {
        let chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        chars.map(|c| if c.is_ascii() { c } else { '?' }).collect()
    };
    let (text, link) = match withheld.reason.rsplit_once(LINK) {
        Some((text, link)) => (plain(text), format!("{LINK}{}", plain(link))),
        None => (plain(&withheld.reason), String::new()),
    };
    let link = if link.len() > room / 2 { String::new() } else { link };
    match text.get(..room - link.len()) {
        // All of it is ASCII, so it can be cut anywhere.
        Some(start) if start.len() < text.len() => {
            format!("{}...{link}", start.get(..start.len().saturating_sub(3)).unwrap_or_default())
        }
        _ => text + &link,
    }
}

#[cfg(test)]
mod tests {
    use vouchsafe_domain::index::{ReleaseView, WithheldRelease};

    use super::{MAX_BYTES, of};

    fn notice(withheld: &[(&str, &str)]) -> Option<String> {
        let held = |(version, reason): &(&str, &str)| WithheldRelease {
            release: ReleaseView {
                version: crate::version::parse(version).unwrap(),
                manifest: "{}".into(),
                artifacts: Vec::new(),
                published_at: None,
                yanked: None,
                deprecated: None,
            },
            reason: (*reason).to_owned(),
        };
        of(&withheld.iter().map(held).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_is_said_when_nothing_is_withheld_or_pre_releases_alone() {
        assert_eq!(notice(&[]), None);
        assert_eq!(notice(&[("2.0.0-canary.1", "young; see http://x/")]), None);
    }

    #[test]
    fn the_newest_is_explained_and_the_others_are_named() {
        let why = "2.0.0 is young; see http://x/2";
        assert_eq!(notice(&[("2.0.0", why)]).unwrap(), why);
        let found = notice(&[("1.1.0", "b"), ("1.2.0", "a"), ("2.0.0", why), ("3.0.0-a", "c")]);
        assert_eq!(found.unwrap(), format!("{why} (also withheld: 1.2.0, 1.1.0)"));
        let many: Vec<_> = (0..9).map(|minor| format!("1.{minor}.0")).collect();
        let many: Vec<_> = many.iter().map(|version| (version.as_str(), "x")).collect();
        let found = notice(&many).unwrap();
        assert_eq!(found, "x (also withheld: 1.7.0, 1.6.0, 1.5.0, 1.4.0, 1.3.0 and 3 more)");
    }

    #[test]
    fn it_is_one_short_line_of_ascii_whatever_the_reason_says() {
        let reason = "evil\r\nset-cookie: a=b \u{1b}[31m \u{e9}";
        let long = format!("{reason} {}; see http://x/y", "n".repeat(500));
        let found = notice(&[("1.0.1", "other"), ("2.0.0", &long)]).unwrap();
        assert!(found.len() <= MAX_BYTES, "{} bytes", found.len());
        assert!(found.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{found:?}");
        assert!(found.ends_with("...; see http://x/y (also withheld: 1.0.1)"), "{found}");
        let link = format!("why; see http://{}/", "x".repeat(500));
        assert_eq!(notice(&[("2.0.0", &link)]).unwrap(), "why");
    }
}
