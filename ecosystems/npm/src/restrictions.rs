//! `policyRestrictions`: which releases exist and are withheld, and why, as npm's own version
//! picker reads it (`npm-pick-manifest`).
//!
//! When nothing else satisfies a wish, npm refuses with E403 and the message given here, instead
//! of "no matching version found". Nothing in here can be installed: a restricted version has no
//! address, and its tarball is refused as well. pnpm and Yarn do not look at it.
//!
//! The message is one for all versions, so it has a line for each of the newest. npm has a header
//! for such news, too (`npm-notice`), and prints it of no response that it may cache.

use vouchsafe_domain::index::{PackageView, WithheldRelease};

use crate::object::ObjectWriter;

/// Versions that are named at most, the newest ones.
const MAX_VERSIONS: usize = 200;
/// Of these so many have a line in the message.
const MAX_LINES: usize = 10;
/// Longest line, in characters.
const MAX_LINE_CHARS: usize = 400;
/// What stands before the link in a reason.
const LINK: &str = "; see ";

/// Writes the member, when there is something to say.
pub(crate) fn write(object: &mut ObjectWriter<'_>, view: &PackageView) {
    let is_served = |withheld: &&WithheldRelease| {
        view.releases.iter().any(|release| release.version == withheld.release.version)
    };
    let newest = view.withheld.iter().rev().filter(|withheld| !is_served(withheld));
    let newest: Vec<_> = newest.take(MAX_VERSIONS).collect();
    if newest.is_empty() {
        return;
    }
    let mut restrictions = object.object("policyRestrictions");
    restrictions.string("message", &message(&newest));
    let mut versions = restrictions.object("versions");
    for withheld in newest.iter().rev() {
        let version = withheld.release.version.display();
        // npm asks for these two and for nothing that is not there.
        let mut restricted = versions.object(version);
        restricted.string("name", view.name.display());
        restricted.string("version", version);
        restricted.end();
    }
    versions.end();
    restrictions.end();
}

fn message(newest: &[&WithheldRelease]) -> String {
    let lines = newest.iter().take(MAX_LINES).map(|withheld| line(&withheld.reason));
    let mut message = lines.collect::<Vec<_>>().join("\n");
    if newest.len() > MAX_LINES {
        message.push_str("\nolder releases are withheld, too");
    }
    message
}

/// One line, whatever stands in the reason. A link stays whole, its text is shortened for it.
fn line(reason: &str) -> String {
    let plain = |text: &str| text.replace(char::is_control, " ");
    let (text, link) = match reason.rsplit_once(LINK) {
        Some((text, link)) if link.len() < MAX_LINE_CHARS / 2 => {
            (plain(text), format!("{LINK}{}", plain(link)))
        }
        _ => (plain(reason), String::new()),
    };
    let room = MAX_LINE_CHARS - link.len();
    if text.chars().count() <= room {
        return text + &link;
    }
    let start: String = text.chars().take(room - 3).collect();
    format!("{start}...{link}")
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE_CHARS, line};

    #[test]
    fn a_reason_becomes_one_line_and_keeps_its_link() {
        assert_eq!(line("2.0.0 is young; see http://x/2"), "2.0.0 is young; see http://x/2");
        assert_eq!(line("a\r\nb\u{1b}[31mc\u{7f}"), "a  b [31mc ");
        let long = line(&format!("a; see {}; see http://x/2", "\u{e9}".repeat(1000)));
        assert_eq!(long.chars().count(), MAX_LINE_CHARS);
        assert!(long.ends_with("\u{e9}...; see http://x/2"), "{long}");
        let link = line(&format!("why; see http://{}/", "x".repeat(1000)));
        assert_eq!(link.chars().count(), MAX_LINE_CHARS);
    }
}
