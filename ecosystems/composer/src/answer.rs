//! Answers to everything that is neither a document nor a download.

use http::StatusCode;
use serde_json::json;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::call::{Answer, SearchResults};

use crate::{text, wire};

pub(crate) fn encode(request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
    let (status, body) = match answer {
        Answer::Published(published) => {
            let status = if published.is_unchanged { StatusCode::OK } else { StatusCode::CREATED };
            let body = json!({
                "status": "success",
                "package": published.package.canonical(),
                "version": published.version.display(),
                "warnings": published.warnings,
            });
            (status, body)
        }
        Answer::Owners(owners) => {
            let owners: Vec<_> = owners.iter().map(|owner| json!({ "name": owner.name })).collect();
            (StatusCode::OK, json!({ "status": "success", "owners": owners }))
        }
        Answer::Found(results) => (StatusCode::OK, found(request, results)),
        // What Composer expects of its report of installations.
        _ if request.path() == ["downloads"] => {
            (StatusCode::CREATED, json!({ "status": "success" }))
        }
        // No other answer belongs to a call that `decode` makes.
        _ => (StatusCode::OK, json!({ "status": "success" })),
    };
    WireResponse::json(status, &body)
}

fn found(request: &WireRequest<'_>, results: &SearchResults) -> serde_json::Value {
    let query = wire::search_query(request);
    let hits = results.hits.iter().map(|hit| {
        json!({
            "name": text::for_terminal(&hit.name),
            "description": text::for_terminal(&hit.summary),
            "url": format!("{}/packages/composer/{}", request.mount.site_url, hit.name),
            "repository": "",
            "downloads": 0,
            "favers": 0,
        })
    });
    let mut body = json!({ "results": hits.collect::<Vec<_>>(), "total": results.total });
    let seen = u64::from(query.offset) + results.hits.len() as u64;
    if seen < results.total
        && !results.hits.is_empty()
        && let Some(body) = body.as_object_mut()
    {
        let page = query.offset / query.limit + 2;
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        next.append_pair("q", &query.text);
        next.append_pair("per_page", &query.limit.to_string());
        next.append_pair("page", &page.to_string());
        let next = format!("{}/search.json?{}", request.mount.base_url, next.finish());
        body.insert("next".to_owned(), next.into());
    }
    body
}
