//! The front page: what this server is, and how a client is pointed at it.

use askama::Template;

use crate::page::{EcosystemChoice, PageContext, RenderError, render};

/// What the front page shows.
#[derive(Debug, Clone)]
pub struct HomeView {
    /// Name of this registry for people, e.g. `Acme packages`; the host when `None`.
    pub title: Option<String>,
    /// One block each, in this order.
    pub ecosystems: Vec<EcosystemSetup>,
    /// Hosted packages, over all ecosystems; `None` for a reader who may not know.
    pub package_count: Option<u64>,
    /// Whether reading needs a token.
    pub auth_required: bool,
}

/// How one ecosystem's client is pointed here.
#[derive(Debug, Clone)]
pub struct EcosystemSetup {
    /// Which ecosystem.
    pub ecosystem: EcosystemChoice,
    /// Address of its mount, absolute.
    pub base_url: String,
    /// What a person types or writes when doing it by hand, with the client's own commands. One
    /// line each. Lines that start with `#` are shown as remarks.
    pub install_lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    ctx: &'a PageContext,
    view: &'a HomeView,
}

impl Page<'_> {
    fn title(&self) -> &str {
        self.view.title.as_deref().unwrap_or_else(|| self.ctx.site_host())
    }
}

/// `/`: the front page.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn home(ctx: &PageContext, view: &HomeView) -> Result<String, RenderError> {
    render("home", &Page { ctx, view })
}
