//! Answers, as Cargo's own code reads them.

use http::{Method, StatusCode};
use serde_json::json;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::call::Answer;

pub(crate) fn encode(request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
    let body = match answer {
        Answer::Published(published) => json!({
            "warnings": {
                "invalid_categories": [],
                "invalid_badges": [],
                "other": published.warnings,
            },
        }),
        // `id` is a 32-bit number for Cargo, whatever it is for us. Only the list itself is asked
        // for the owners: after a change Cargo reads `ok` and `msg`, and fails without them.
        Answer::Owners(owners) if is_read(request) => {
            let users = owners
                .iter()
                .map(|owner| json!({ "id": owner.number, "login": owner.name, "name": null }));
            json!({ "users": users.collect::<Vec<_>>() })
        }
        Answer::Found(results) => {
            let crates = results.hits.iter().map(|hit| {
                json!({
                    "name": hit.name,
                    "max_version": hit.version,
                    "description": hit.summary,
                })
            });
            let total = u32::try_from(results.total).unwrap_or(u32::MAX);
            json!({ "crates": crates.collect::<Vec<_>>(), "meta": { "total": total } })
        }
        // Yank and unyank read `ok`; a change of owners also needs `msg`. No other answer belongs
        // to a call that `decode` makes.
        _ => json!({ "ok": true, "msg": message(request) }),
    };
    WireResponse::json(StatusCode::OK, &body)
}

fn is_read(request: &WireRequest<'_>) -> bool {
    matches!(*request.method, Method::GET | Method::HEAD)
}

/// What `cargo owner` prints behind the word "Owner".
fn message(request: &WireRequest<'_>) -> String {
    let path = request.path();
    let [.., name, "owners"] = path.as_slice() else { return "done".to_owned() };
    match *request.method {
        Method::DELETE => format!("removed from `{name}`"),
        _ => format!("added to `{name}`"),
    }
}
