//! Getting a token in the browser: where `cargo login` sends people.

use askama::Template;
use vouchsafe_domain::{AccountName, Secret, Timestamp};

use crate::page::{EcosystemChoice, PageContext, RenderError, render};

/// What the page shows.
#[derive(Debug, Clone)]
pub enum MeView {
    /// A form that asks for name and password.
    SignedOut(TokenForm),
    /// The new token, this once.
    TokenCreated(NewToken),
}

/// The form.
#[derive(Debug, Clone)]
pub struct TokenForm {
    /// Where it is posted, a path on this server: [`crate::address::ME`].
    pub action_path: String,
    /// The name typed before, when the form comes back.
    pub name: String,
    /// Why the form comes back.
    pub error: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub account: AccountName,
    /// The token itself.
    pub secret: Secret,
    /// The scopes it has, as words.
    pub scopes: Vec<String>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// What to do with it, one block per client.
    pub clients: Vec<ClientCommands>,
}

/// What to do with a token in one client.
#[derive(Debug, Clone)]
pub struct ClientCommands {
    /// Which ecosystem.
    pub ecosystem: EcosystemChoice,
    /// The client's own commands, one per line. `{token}` becomes the token; lines that start with
    /// `#` are shown as remarks.
    pub lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "me.html")]
struct FormPage<'a> {
    ctx: &'a PageContext,
    form: &'a TokenForm,
}

#[derive(Template)]
#[template(path = "me_token.html")]
struct TokenPage<'a> {
    ctx: &'a PageContext,
    token: &'a NewToken,
}

impl TokenPage<'_> {
    fn with_token(&self, line: &str) -> String {
        line.replace("{token}", self.token.secret.expose())
    }
}

/// `/me`: the form, or the new token. Send the latter with `Cache-Control: no-store`.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn me(ctx: &PageContext, view: &MeView) -> Result<String, RenderError> {
    match view {
        MeView::SignedOut(form) => render("me", &FormPage { ctx, form }),
        MeView::TokenCreated(token) => render("me_token", &TokenPage { ctx, token }),
    }
}
