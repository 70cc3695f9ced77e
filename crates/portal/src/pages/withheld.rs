//! One refusal by policy: every reason, and what each side can do about it.

use askama::Template;
use vouchsafe_domain::{ErrorCode, ReleaseRef, Timestamp};

use crate::address;
use crate::page::{PageContext, RenderError, render};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct WithheldView {
    /// The release that is not served.
    pub release: ReleaseRef,
    /// The ecosystem's name for people.
    pub ecosystem_title: String,
    /// Every reason; at least one.
    pub reasons: Vec<WithheldReason>,
    /// The newest release that is served, when there is one.
    pub allowed: Option<AllowedRelease>,
}

/// One reason.
#[derive(Debug, Clone)]
pub struct WithheldReason {
    /// Its code.
    pub code: ErrorCode,
    /// For people, one or two sentences.
    pub text: String,
    /// Since when it holds, when known: the publication, the entry in the list.
    pub since: Option<Timestamp>,
    /// When it ends by itself, when it does.
    pub until: Option<Timestamp>,
}

/// A release to use meanwhile.
#[derive(Debug, Clone)]
pub struct AllowedRelease {
    /// Its version.
    pub version: String,
    /// The client's own command that picks it, e.g. `npm install left-pad@1.2.0`.
    pub install_line: String,
}

/// What the operator may type, and what it does.
struct OperatorStep {
    what: &'static str,
    command: String,
}

#[derive(Template)]
#[template(path = "withheld.html")]
struct Page<'a> {
    ctx: &'a PageContext,
    view: &'a WithheldView,
}

impl Page<'_> {
    /// When the last reason ends; `None` when one of them does not end by itself.
    fn served_at(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.view.reasons.iter().map(|r| r.until).collect();
        ends?.into_iter().max()
    }

    fn package_path(&self) -> String {
        let package = &self.view.release.package;
        address::package(&package.ecosystem, package.name.display())
    }

    /// One step per kind of reason. A package URL has only characters that no shell touches.
    fn operator_steps(&self) -> Vec<OperatorStep> {
        let purl = &self.view.release;
        let mut steps: Vec<OperatorStep> = Vec::new();
        for reason in &self.view.reasons {
            let (what, command) = match reason.code {
                ErrorCode::PolicyCooldown => (
                    "Let this one release through before its cooldown ends:",
                    format!("vouchsafe policy exempt {purl} --reason \"…\" --days 7"),
                ),
                ErrorCode::PolicyNotAllowed => (
                    "Put this release on the allow list:",
                    format!("vouchsafe policy allow {purl} --reason \"…\""),
                ),
                ErrorCode::PolicyDenied => (
                    "Find the entry that denies it, and remove it if it is wrong:",
                    "vouchsafe policy list".to_owned(),
                ),
                _ => continue,
            };
            if steps.iter().all(|step| step.what != what) {
                steps.push(OperatorStep { what, command });
            }
        }
        steps
    }
}

/// Explains one refusal.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn withheld(ctx: &PageContext, view: &WithheldView) -> Result<String, RenderError> {
    render("withheld", &Page { ctx, view })
}
