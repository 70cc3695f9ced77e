//! Answers in the shapes that npm's commands read.

use http::StatusCode;
use serde_json::{Value, json};
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::Scope;
use vouchsafe_domain::call::{Answer, Published, SearchHit, SearchResults, TokenView};

/// Writes an answer.
pub(crate) fn encode(request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
    let ok = |value: Value| WireResponse::json(StatusCode::OK, &value);
    match answer {
        Answer::Done => ok(json!({ "ok": true })),
        Answer::Published(published) => encode_published(published),
        Answer::Tags(tags) => ok(json!(tags)),
        Answer::Owners(owners) => {
            ok(owners.iter().map(|owner| (owner.name.clone(), json!("write"))).collect())
        }
        Answer::Found(results) => ok(search(results)),
        Answer::Me { name, email } => ok(match request.path().as_slice() {
            ["-", "whoami"] => json!({ "username": name }),
            _ => profile(name, email.as_deref()),
        }),
        Answer::Account { name } => ok(json!({
            "_id": format!("org.couchdb.user:{name}"),
            "name": name,
            "email": "",
            "type": "user",
            "roles": [],
        })),
        Answer::Token { secret, view } => match request.path().as_slice() {
            ["-", "user", ..] => {
                let id = request.path().get(2).copied().unwrap_or_default().to_owned();
                let body = json!({ "ok": true, "id": id, "rev": "1-0", "token": secret.expose() });
                WireResponse::json(StatusCode::CREATED, &body)
            }
            _ => ok(token(secret.expose(), view)),
        },
        Answer::WebLogin { login_url, poll_id } => ok(json!({
            "loginUrl": login_url,
            "doneUrl": format!("{}/-/v1/done/{}", request.mount.base_url, poll_id.expose()),
        })),
        Answer::WebLoginPending { retry_after_secs } => {
            // Without this header npm asks again at once, for ever.
            WireResponse::json(StatusCode::ACCEPTED, &json!({}))
                .with_header("retry-after", &(*retry_after_secs).max(1).to_string())
        }
        Answer::WebLoginDone { secret } => ok(json!({ "token": secret.expose() })),
        Answer::Tokens(views) => {
            let objects: Vec<Value> = views.iter().map(|view| token(&view.hint, view)).collect();
            // npm reads `urls.next` without looking whether `urls` is there.
            ok(json!({ "objects": objects, "total": views.len(), "urls": {} }))
        }
        Answer::Visibility { is_public } => ok(json!({ "public": is_public })),
        Answer::Packages(names) => {
            ok(names.iter().map(|name| (name.clone(), json!("write"))).collect())
        }
        // No call of this protocol asks for these.
        Answer::Digest(_)
        | Answer::Staged { .. }
        | Answer::Deployed(_)
        | Answer::Deployment(_)
        | Answer::IsPublished(_) => WireResponse::empty(StatusCode::NO_CONTENT),
    }
}

fn encode_published(published: &Published) -> WireResponse {
    let status = if published.is_unchanged { StatusCode::OK } else { StatusCode::CREATED };
    let id = format!("{}@{}", published.package, published.version);
    let response = WireResponse::json(status, &json!({ "ok": true, "success": true, "id": id }));
    match published.warnings.as_slice() {
        [] => response,
        // npm prints this header as a notice, whatever the status.
        warnings => response.with_header("npm-notice", &warnings.join("; ")),
    }
}

/// A token; `shown` is the secret for its maker and only its beginning later.
fn token(shown: &str, view: &TokenView) -> Value {
    let is_readonly = view.scopes.iter().all(|scope| scope == Scope::Read);
    let mut token = json!({
        "token": shown,
        "key": view.id.to_string(),
        "name": view.name,
        "created": view.created_at.to_rfc3339_millis(),
        "updated": view.created_at.to_rfc3339_millis(),
        "readonly": is_readonly,
        // npm prints a line about addresses for everything but `null`.
        "cidr_whitelist": null,
        "scopes": view.scopes,
        "packages": view.packages,
    });
    if let Some(token) = token.as_object_mut() {
        let times = [("expires", view.expires_at), ("last_used", view.last_used_at)];
        for (key, at) in times.into_iter().filter_map(|(key, at)| Some((key, at?))) {
            token.insert(key.to_owned(), at.to_rfc3339_millis().into());
        }
    }
    token
}

fn profile(name: &str, email: Option<&str>) -> Value {
    json!({
        "tfa": false,
        "name": name,
        "email": email.unwrap_or_default(),
        "email_verified": false,
        "cidr_whitelist": null,
    })
}

fn search(results: &SearchResults) -> Value {
    let objects: Vec<Value> = results.hits.iter().map(search_hit).collect();
    // npm parses this as a stream and wants the objects first.
    let time = results.hits.iter().map(|hit| hit.updated_at).max();
    json!({
        "objects": objects,
        "total": results.total,
        "time": time.map(|time| time.to_rfc3339_millis()),
    })
}

fn search_hit(hit: &SearchHit) -> Value {
    let person = |name: &String| json!({ "username": name, "email": "" });
    let maintainers: Vec<Value> = hit.owners.iter().map(person).collect();
    json!({
        "package": {
            "name": hit.name,
            "version": hit.version,
            "description": hit.summary,
            "keywords": hit.keywords,
            "date": hit.updated_at.to_rfc3339_millis(),
            "links": {},
            "publisher": maintainers.first(),
            "maintainers": maintainers,
        },
        // The order of the results is the only judgement made here.
        "score": { "final": 1.0, "detail": { "quality": 1.0, "popularity": 1.0, "maintenance": 1.0 } },
        "searchScore": 1.0,
    })
}

#[cfg(test)]
mod tests;
