//! Pages with a form: the browser half of a client's sign-in, and a token for `cargo login`.
//!
//! There are no sessions and no cookies yet, so a form carries its own proof: name and password.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use vouchsafe_app::{App, AppError, MintedToken};
use vouchsafe_domain::{RefusalKind, Secret};
use vouchsafe_portal::address;
use vouchsafe_portal::pages::login::{LoginResult, LoginView};
use vouchsafe_portal::pages::me::{ClientCommands, MeView, NewToken, TokenForm};
use vouchsafe_portal::pages::{login as login_page, me as me_page};

use super::{choice, context, page, refuse};
use crate::service::Client;

/// `GET /login/<code>`: what asks to be signed in, and a form to say yes.
pub(super) async fn login(State(app): State<App>, Path(code): Path<String>) -> Response {
    login_form(&app, Secret::new(code), String::new(), None).await
}

async fn login_form(app: &App, code: Secret, name: String, error: Option<String>) -> Response {
    let waiting = match app.find_web_login(&code).await {
        Ok(waiting) => waiting,
        Err(error) if error.refusal().kind == RefusalKind::NotFound => {
            let expired = login_page::login_result(&context(app), &LoginResult::Expired);
            return page(StatusCode::NOT_FOUND, expired);
        }
        Err(error) => return refuse(app, &error),
    };
    let status = if error.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let view = LoginView {
        action_path: address::LOGIN.to_owned(),
        code,
        client: waiting.client,
        from: waiting.client_address,
        requested_at: waiting.created_at,
        expires_at: waiting.expires_at,
        name,
        error,
    };
    page(status, login_page::login(&context(app), &view))
}

#[derive(Debug, Deserialize)]
pub(super) struct LoginForm {
    code: Secret,
    name: String,
    password: Secret,
}

/// `POST /login`
pub(super) async fn approve_login(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    Form(form): Form<LoginForm>,
) -> Response {
    let waiting = app.find_web_login(&form.code).await;
    let approved = app.approve_web_login(&form.code, &form.name, &form.password, client).await;
    match approved {
        Ok(()) => {
            let client = waiting.map(|waiting| waiting.client).unwrap_or_default();
            let done = LoginResult::Done { name: form.name, client };
            page(StatusCode::OK, login_page::login_result(&context(&app), &done))
        }
        Err(error) => match error.refusal().kind {
            RefusalKind::Unauthenticated | RefusalKind::Throttled { .. } => {
                let message = error.refusal().message;
                login_form(&app, form.code, form.name, Some(message)).await
            }
            RefusalKind::NotFound => {
                let expired = login_page::login_result(&context(&app), &LoginResult::Expired);
                page(StatusCode::NOT_FOUND, expired)
            }
            _ => refuse(&app, &error),
        },
    }
}

/// `GET /me`: where `cargo login` sends people.
pub(super) async fn me(State(app): State<App>) -> Response {
    token_form(&app, StatusCode::OK, String::new(), None)
}

fn token_form(app: &App, status: StatusCode, name: String, error: Option<String>) -> Response {
    let form = TokenForm { action_path: address::ME.to_owned(), name, error };
    page(status, me_page::me(&context(app), &MeView::SignedOut(form)))
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenRequest {
    name: String,
    password: Secret,
}

/// `POST /me`: a token, shown this once.
pub(super) async fn create_token(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    Form(form): Form<TokenRequest>,
) -> Response {
    let name = form.name.trim().to_lowercase();
    match app.sign_in_with_password(&name, &form.password, client, "made on the web").await {
        Ok(minted) => match created(&app, &name, minted) {
            Ok(view) => {
                let view = MeView::TokenCreated(view);
                page(StatusCode::CREATED, me_page::me(&context(&app), &view))
            }
            Err(error) => refuse(&app, &error),
        },
        Err(error) if error.refusal().kind.status() < 500 => {
            let refusal = error.refusal();
            let status = StatusCode::from_u16(refusal.kind.status());
            let status = status.unwrap_or(StatusCode::UNAUTHORIZED);
            token_form(&app, status, name, Some(refusal.message))
        }
        Err(error) => refuse(&app, &error),
    }
}

fn created(app: &App, name: &str, minted: MintedToken) -> Result<NewToken, AppError> {
    let account = name
        .parse()
        .map_err(|_| AppError::Refused(vouchsafe_domain::Refusal::not_found("this account")))?;
    let site_url = &app.config().site_url;
    let clients = app.ecosystems().iter().map(|mounted| ClientCommands {
        ecosystem: choice(mounted),
        lines: vec![format!(
            "vouchsafe client setup {} --url {site_url} --token {{token}}",
            mounted.id
        )],
    });
    Ok(NewToken {
        account,
        secret: minted.secret,
        scopes: minted.view.scopes.iter().map(|scope| scope.to_string()).collect(),
        expires_at: minted.view.expires_at,
        clients: clients.collect(),
    })
}
