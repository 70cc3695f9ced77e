//! Answers and refusals are written without panic, in a shape the client can read.

use vouchsafe_domain::call::{Answer, Published, SearchHit, SearchResults, TokenView};
use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind, Scopes, Secret, Timestamp};

use super::{Broken, OwnedRequest, Samples};
use crate::{Ecosystem, WireResponse};

/// A text that breaks out of careless JSON, HTML and headers.
const NASTY: &str = "a \"quoted\" </script> <b>&amp;\u{202e} é";

const KINDS: [RefusalKind; 13] = [
    RefusalKind::Malformed,
    RefusalKind::Unauthenticated,
    RefusalKind::Forbidden,
    RefusalKind::NotFound,
    RefusalKind::MethodNotAllowed,
    RefusalKind::Conflict,
    RefusalKind::TooLarge,
    RefusalKind::Unprocessable,
    RefusalKind::Throttled { retry_after_secs: 7 },
    RefusalKind::Withheld,
    RefusalKind::NotImplemented,
    RefusalKind::BadUpstream,
    RefusalKind::Unavailable,
];

pub(super) fn check_refusals(adapter: &dyn Ecosystem, samples: &Samples<'_>, broken: &mut Broken) {
    for (method, target) in samples.requests {
        let request = OwnedRequest::new(adapter, method, target);
        for kind in KINDS {
            let mut refusal = Refusal::new(kind, ErrorCode::PolicyDenied, "withheld for a reason");
            refusal.docs_url = Some("https://registry.example/errors/x".to_owned());
            let response = adapter.encode_refusal(&request.as_wire(), &refusal);
            let place = format!("{kind:?} at {method} {target}");
            check_refusal(&response, kind, &place, samples, broken);

            let nasty =
                Refusal::new(kind, ErrorCode::PolicyDenied, format!("x\r\nSet-Cookie: {NASTY}"));
            let response = adapter.encode_refusal(&request.as_wire(), &nasty);
            check_response(&response, &place, broken);
            broken.unless((samples.refusal_text)(&response).is_some(), || {
                format!("{place}: a refusal with odd characters cannot be read")
            });
        }
    }
}

fn check_refusal(
    response: &WireResponse,
    kind: RefusalKind,
    place: &str,
    samples: &Samples<'_>,
    broken: &mut Broken,
) {
    check_response(response, place, broken);
    let exception = samples.status_exceptions.iter().find(|(excepted, _)| *excepted == kind);
    let expected = exception.map_or(kind.status(), |(_, status)| *status);
    let found = response.status.as_u16();
    broken.unless(found == expected, || format!("{place}: status {found}, not {expected}"));
    let text = (samples.refusal_text)(response);
    broken.unless(text.is_some_and(|text| text.contains("withheld for a reason")), || {
        format!("{place}: the client cannot show why")
    });
    if let RefusalKind::Throttled { retry_after_secs } = kind {
        let header = response.headers.get("retry-after").and_then(|value| value.to_str().ok());
        broken.unless(header == Some(&retry_after_secs.to_string()), || {
            format!("{place}: no `Retry-After`")
        });
    }
}

pub(super) fn check_answers(adapter: &dyn Ecosystem, samples: &Samples<'_>, broken: &mut Broken) {
    for (method, target) in samples.requests {
        let request = OwnedRequest::new(adapter, method, target);
        for answer in answers(samples) {
            let response = adapter.encode(&request.as_wire(), &answer);
            check_response(&response, &format!("{answer:?} at {method} {target}"), broken);
        }
    }
}

/// What holds for every response.
fn check_response(response: &WireResponse, place: &str, broken: &mut Broken) {
    let has_control = response
        .headers
        .values()
        .any(|value| value.as_bytes().iter().any(|byte| byte.is_ascii_control()));
    broken.unless(!has_control, || format!("{place}: a header has a control character"));
    let has_hole = response.headers.values().any(|value| {
        value.to_str().is_ok_and(|text| text.contains("{site}") || text.contains("{base}"))
    });
    broken.unless(!has_hole, || format!("{place}: a header has an unfilled placeholder"));
    let content_type = response.headers.get("content-type").and_then(|value| value.to_str().ok());
    broken.unless(response.body.is_empty() || content_type.is_some(), || {
        format!("{place}: a body without content type")
    });
    if content_type.is_some_and(|text| text.contains("json")) {
        let parsed = serde_json::from_slice::<serde_json::Value>(&response.body);
        broken.unless(parsed.is_ok(), || format!("{place}: the body is not JSON"));
    }
}

/// One answer of every kind, with odd text wherever text may stand.
fn answers(samples: &Samples<'_>) -> Vec<Answer> {
    let text = || NASTY.to_owned();
    let at = Timestamp::from_secs(1_700_000_000);
    let tag = std::iter::once((text(), "1.0.0".to_owned()));
    let hit = SearchHit {
        name: text(),
        version: "1.0.0".to_owned(),
        summary: text(),
        keywords: vec![text()],
        owners: vec![text()],
        updated_at: at,
    };
    let mut answers = vec![
        Answer::Done,
        Answer::Tags(tag.collect()),
        Answer::Owners(vec![OwnerView { number: u32::MAX, name: text() }]),
        Answer::Owners(Vec::new()),
        Answer::Found(SearchResults { hits: vec![hit], total: u64::MAX }),
        Answer::Found(SearchResults::default()),
        Answer::Me { name: text(), email: Some(text()) },
        Answer::Me { name: text(), email: None },
        Answer::Account { name: text() },
        Answer::WebLogin { login_url: text(), poll_id: Secret::new("poll\r\nX: y") },
        Answer::WebLoginPending { retry_after_secs: 3 },
        Answer::WebLoginDone { secret: Secret::new("secret") },
        Answer::Tokens(Vec::new()),
        Answer::Visibility { is_public: false },
        Answer::Packages(vec![text()]),
    ];
    if let Some(release) = samples.view.releases.first() {
        answers.extend([true, false].map(|is_unchanged| {
            Answer::Published(Published {
                package: samples.view.name.clone(),
                version: release.version.clone(),
                warnings: vec![text()],
                is_unchanged,
            })
        }));
    }
    if let Ok(id) = "01890a5d-ac96-774b-bcce-b302099a8057".parse() {
        let view = TokenView {
            id,
            name: text(),
            hint: "vs_ab".to_owned(),
            scopes: Scopes::all(),
            packages: vec![text()],
            created_at: at,
            expires_at: Some(at),
            last_used_at: None,
        };
        answers.push(Answer::Tokens(vec![view.clone()]));
        answers.push(Answer::Token { secret: Secret::new("secret"), view });
    }
    answers
}
