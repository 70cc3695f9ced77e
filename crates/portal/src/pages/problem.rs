//! What a browser gets instead of a page: 404, 403, 500 and their kin.

use askama::Template;
use vouchsafe_domain::{ErrorCode, Refusal};

use crate::page::{PageContext, RenderError, render};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ProblemView {
    /// The HTTP status.
    pub status: u16,
    /// What happened and the next step. On a 5xx nothing about the cause.
    pub message: String,
    /// The documented code, linked to its page.
    pub code: Option<ErrorCode>,
    /// What the operator finds the log line by.
    pub request_id: Option<String>,
}

impl ProblemView {
    /// A refusal as a page.
    pub fn from_refusal(refusal: &Refusal, request_id: Option<String>) -> Self {
        Self {
            status: refusal.kind.status(),
            message: refusal.message.clone(),
            code: Some(refusal.code),
            request_id,
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    ctx: &'a PageContext,
    view: &'a ProblemView,
}

impl Page<'_> {
    fn title(&self) -> &'static str {
        match self.view.status {
            400 | 422 => "That request does not work",
            401 => "Please sign in",
            403 => "Not allowed",
            404 => "Nothing here",
            405 => "Not this way",
            409 => "It exists already",
            413 => "Too large",
            429 => "Too many requests",
            501 => "Not built here",
            502 => "The upstream misbehaved",
            503 => "Not available right now",
            status if status >= 500 => "The registry failed",
            _ => "That did not work",
        }
    }
}

/// A problem, for a browser.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours. Send plain text then.
pub fn problem(ctx: &PageContext, view: &ProblemView) -> Result<String, RenderError> {
    render("problem", &Page { ctx, view })
}
