//! The browser half of a client's sign-in (`npm login`): which client asks, and yes or no.

use askama::Template;
use vouchsafe_domain::{Secret, Timestamp};

use crate::page::{PageContext, RenderError, render};

/// What the sign-in page shows.
#[derive(Debug, Clone)]
pub struct LoginView {
    /// Where the form is posted, a path on this server: [`crate::address::LOGIN`].
    pub action_path: String,
    /// Which sign-in this is about; goes into the hidden field `code`.
    pub code: Secret,
    /// The client, as it calls itself: `npm/11.19.1 node/v24.1.0 linux x64`.
    pub client: String,
    /// The network address that the client asked from.
    pub from: String,
    /// When the client asked.
    pub requested_at: Timestamp,
    /// When the sign-in ends unfinished.
    pub expires_at: Timestamp,
    /// The name typed before, when the form comes back.
    pub name: String,
    /// Why the form comes back.
    pub error: Option<String>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginResult {
    /// The client has its token or gets it within seconds.
    Done {
        /// Whose token.
        name: String,
        /// Which client, as it calls itself.
        client: String,
    },
    /// Nobody was signed in.
    Failed {
        /// Why, for the person.
        reason: String,
    },
    /// Too late, used already, or never known. Which one is not revealed.
    Expired,
}

#[derive(Template)]
#[template(path = "login.html")]
struct FormPage<'a> {
    ctx: &'a PageContext,
    view: &'a LoginView,
}

#[derive(Template)]
#[template(path = "login_result.html")]
struct ResultPage<'a> {
    ctx: &'a PageContext,
    result: &'a LoginResult,
}

/// The form, empty or coming back with an error.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn login(ctx: &PageContext, view: &LoginView) -> Result<String, RenderError> {
    render("login", &FormPage { ctx, view })
}

/// The page after the form.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn login_result(ctx: &PageContext, result: &LoginResult) -> Result<String, RenderError> {
    render("login_result", &ResultPage { ctx, result })
}
