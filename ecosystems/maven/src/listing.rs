//! Directories as pages for people: the versions of a package, the files of a release.
//!
//! No client reads these. They have no script and no style, and every address in them is
//! relative to the page's own.

use std::fmt::Write as _;

use vouchsafe_domain::index::{ArtifactView, PackageView};

use crate::layout::METADATA;
use crate::{metadata, name, version};

/// The page of a package. `None` when there is nothing to list.
pub(crate) fn render_package(view: &PackageView) -> Option<String> {
    let has_plugins = !metadata::plugins(view).is_empty();
    if view.releases.is_empty() && view.withheld.is_empty() && !has_plugins {
        return None;
    }
    let (group, artifact) = name::split(&view.name);
    let mut page = Page::new(&format!("{group}:{artifact}"));
    page.link("../", "../");
    let mut releases: Vec<_> = view.releases.iter().collect();
    releases.sort_by(|left, right| version::compare(&left.version, &right.version));
    for release in releases {
        let directory = format!("{}/", release.version.display());
        match &release.yanked {
            None => page.link(&directory, &directory),
            Some(reason) => page.link_with_note(&directory, &directory, "yanked", reason),
        }
    }
    for withheld in &view.withheld {
        page.note(&format!("{}/", withheld.release.version.display()), &withheld.reason);
    }
    page.link(METADATA, METADATA);
    Some(page.finish())
}

/// The page of a release. `None` when it is not served.
pub(crate) fn render_release(view: &PackageView, wanted: &str) -> Option<String> {
    let release = view.releases.iter().find(|release| release.version.canonical() == wanted)?;
    let (group, artifact) = name::split(&view.name);
    let mut page = Page::new(&format!("{group}:{artifact}:{}", release.version));
    page.link("../", "../");
    let mut files: Vec<&ArtifactView> = release.artifacts.iter().collect();
    files.sort_by(|left, right| left.filename.cmp(&right.filename));
    for file in files {
        let filename = file.filename.as_str();
        match file.size_bytes {
            Some(bytes) => page.link_with_note(filename, filename, &format!("{bytes} bytes"), ""),
            None => page.link(filename, filename),
        }
    }
    if version::is_snapshot(&release.version) {
        page.link(METADATA, METADATA);
    }
    Some(page.finish())
}

struct Page {
    html: String,
}

impl Page {
    fn new(title: &str) -> Self {
        let title = escape(title);
        Self {
            html: format!(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
                 <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head>\n\
                 <body>\n<h1>{title}</h1>\n<ul>\n"
            ),
        }
    }

    fn link(&mut self, address: &str, text: &str) {
        self.link_with_note(address, text, "", "");
    }

    fn link_with_note(&mut self, address: &str, text: &str, note: &str, reason: &str) {
        let (address, text) = (escape(address), escape(text));
        // Writing to a string does not fail.
        let _ = write!(self.html, "<li><a href=\"{address}\">{text}</a>");
        for part in [note, reason].into_iter().filter(|part| !part.is_empty()) {
            let _ = write!(self.html, " {}", escape(part));
        }
        self.html.push_str("</li>\n");
    }

    fn note(&mut self, text: &str, reason: &str) {
        let _ = writeln!(self.html, "<li>{} withheld: {}</li>", escape(text), escape(reason));
    }

    fn finish(mut self) -> String {
        self.html.push_str("</ul>\n</body>\n</html>\n");
        self.html
    }
}

/// Text for HTML, inside of attributes and outside.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    out
}
