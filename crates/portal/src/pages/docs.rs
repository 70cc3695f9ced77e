//! Guides and concepts.

use askama::Template;

use crate::docs::{SECTIONS, Section, find};
use crate::page::{PageContext, RenderError, render};

#[derive(Template)]
#[template(path = "docs.html")]
struct IndexPage<'a> {
    ctx: &'a PageContext,
    sections: &'static [Section],
}

#[derive(Template)]
#[template(path = "document.html")]
pub(super) struct DocumentPage<'a> {
    pub(super) ctx: &'a PageContext,
    pub(super) title: &'static str,
    pub(super) parent_title: &'static str,
    pub(super) parent_path: &'static str,
    /// Cleaned by [`crate::markdown`].
    pub(super) html: String,
}

/// `/docs`: all guides and concepts.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn docs_index(ctx: &PageContext) -> Result<String, RenderError> {
    render("docs", &IndexPage { ctx, sections: SECTIONS })
}

/// `/docs/<section>/<slug>`: one guide or concept. `None` when there is none: answer 404.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn document(
    ctx: &PageContext,
    section: &str,
    slug: &str,
) -> Result<Option<String>, RenderError> {
    let Some((section, document)) = find(section, slug) else { return Ok(None) };
    let page = DocumentPage {
        ctx,
        title: document.title(),
        parent_title: "Documentation",
        parent_path: crate::address::DOCS,
        html: document.to_html(section.slug, &ctx.site_url),
    };
    render("document", &page).map(Some)
}
