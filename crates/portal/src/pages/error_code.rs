//! Error codes: the pages that refusals link to.

use askama::Template;

use crate::docs::{Document, ERRORS};
use crate::page::{PageContext, RenderError, render};

use super::docs::DocumentPage;

#[derive(Template)]
#[template(path = "errors.html")]
struct IndexPage<'a> {
    ctx: &'a PageContext,
    areas: Vec<Area>,
}

/// The codes that share what stands before the dot.
struct Area {
    name: &'static str,
    documents: Vec<&'static Document>,
}

/// `/errors`: every code, with one line each.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn error_index(ctx: &PageContext) -> Result<String, RenderError> {
    let mut areas: Vec<Area> = Vec::new();
    for document in ERRORS {
        let name = document.slug.split('.').next().unwrap_or_default();
        match areas.last_mut().filter(|area| area.name == name) {
            Some(area) => area.documents.push(document),
            None => areas.push(Area { name, documents: vec![document] }),
        }
    }
    render("errors", &IndexPage { ctx, areas })
}

/// `/errors/<code>`: what a code means and what to do. `None` when there is no such code: answer
/// 404.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn error_code(ctx: &PageContext, code: &str) -> Result<Option<String>, RenderError> {
    let Some(document) = crate::docs::find_error(code) else { return Ok(None) };
    let page = DocumentPage {
        ctx,
        title: document.title(),
        parent_title: "Error codes",
        parent_path: crate::address::ERRORS,
        html: document.to_html("errors", &ctx.site_url),
    };
    render("error_code", &page).map(Some)
}
