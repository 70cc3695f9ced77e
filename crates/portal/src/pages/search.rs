//! Search results over all ecosystems.

use askama::Template;
use vouchsafe_domain::EcosystemId;
use vouchsafe_domain::call::SearchHit;

use crate::address;
use crate::page::{EcosystemChoice, PageContext, RenderError, render};

/// What the search page shows.
#[derive(Debug, Clone)]
pub struct SearchView {
    /// The words, as typed; empty shows everything there is.
    pub text: String,
    /// Only this ecosystem; `None` is all.
    pub ecosystem: Option<EcosystemId>,
    /// What can be chosen from.
    pub ecosystems: Vec<EcosystemChoice>,
    /// This page of results, best first.
    pub hits: Vec<FoundPackage>,
    /// How many there are in all.
    pub total: u64,
    /// How many came before this page.
    pub offset: u64,
    /// How many fit on a page.
    pub limit: u64,
}

/// One result.
#[derive(Debug, Clone)]
pub struct FoundPackage {
    /// Its ecosystem.
    pub ecosystem: EcosystemChoice,
    /// What was found.
    pub hit: SearchHit,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Page<'a> {
    ctx: &'a PageContext,
    view: &'a SearchView,
}

impl Page<'_> {
    fn is_chosen(&self, choice: &EcosystemChoice) -> bool {
        self.view.ecosystem.as_ref() == Some(&choice.id)
    }

    fn previous(&self) -> Option<String> {
        let offset = self.view.offset.saturating_sub(self.view.limit);
        (self.view.offset > 0).then(|| self.at(offset))
    }

    fn next(&self) -> Option<String> {
        let offset = self.view.offset.saturating_add(self.view.limit);
        (offset < self.view.total).then(|| self.at(offset))
    }

    fn at(&self, offset: u64) -> String {
        address::search(&self.view.text, self.view.ecosystem.as_ref(), offset)
    }

    fn last_shown(&self) -> u64 {
        self.view.offset.saturating_add(self.view.hits.len() as u64)
    }
}

/// `/search`: results.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn search(ctx: &PageContext, view: &SearchView) -> Result<String, RenderError> {
    render("search", &Page { ctx, view })
}
