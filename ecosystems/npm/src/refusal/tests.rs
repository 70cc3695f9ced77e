use serde_json::Value;

use super::*;
use crate::testing::Asked;

fn encoded(method: &str, refusal: &Refusal) -> WireResponse {
    encode(&Asked::new(method, "/lodash").request(), refusal)
}

fn refusal(kind: RefusalKind, code: ErrorCode) -> Refusal {
    Refusal::new(kind, code, "something happened")
}

#[test]
fn a_withheld_release_says_why_and_where_to_read_on() {
    let mut withheld = Refusal::new(
        RefusalKind::Withheld,
        ErrorCode::PolicyCooldown,
        "lodash@4.17.99 is younger than 3 days and will be served later.",
    );
    withheld.docs_url = Some("https://registry.example/errors/policy.cooldown".to_owned());
    let response = encoded("GET", &withheld);
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    insta::assert_json_snapshot!(body, @r#"
    {
      "error": "lodash@4.17.99 is younger than 3 days and will be served later. [policy.cooldown] See https://registry.example/errors/policy.cooldown",
      "message": "lodash@4.17.99 is younger than 3 days and will be served later. [policy.cooldown] See https://registry.example/errors/policy.cooldown",
      "code": "policy.cooldown",
      "docs": "https://registry.example/errors/policy.cooldown"
    }
    "#);
}

#[test]
fn statuses_suit_what_npm_does_with_them() {
    let check = |method: &str, kind: RefusalKind, code: ErrorCode, expect: u16| {
        let status = encoded(method, &refusal(kind, code)).status;
        assert_eq!(status.as_u16(), expect, "{method} {code}");
    };
    check("GET", RefusalKind::NotFound, ErrorCode::NotFound, 404);
    check("GET", RefusalKind::NotImplemented, ErrorCode::NotImplemented, 404);
    check("POST", RefusalKind::NotImplemented, ErrorCode::NotImplemented, 501);
    let audit = Asked::new("POST", "/-/npm/v1/security/audits/quick");
    let unbuilt = refusal(RefusalKind::NotImplemented, ErrorCode::NotImplemented);
    assert_eq!(encode(&audit.request(), &unbuilt).status.as_u16(), 404);
    check("PUT", RefusalKind::NotImplemented, ErrorCode::NotImplemented, 400);
    check("DELETE", RefusalKind::NotImplemented, ErrorCode::NotImplemented, 400);
    check("PUT", RefusalKind::Conflict, ErrorCode::ReleaseExists, 403);
    check("PUT", RefusalKind::Conflict, ErrorCode::Tombstoned, 403);
    check("DELETE", RefusalKind::Conflict, ErrorCode::Tombstoned, 200);
    check("DELETE", RefusalKind::NotFound, ErrorCode::NotFound, 404);
    check("PUT", RefusalKind::Conflict, ErrorCode::NameCollision, 409);
    check("PUT", RefusalKind::Unprocessable, ErrorCode::BadManifest, 422);
    check("GET", RefusalKind::Unavailable, ErrorCode::UpstreamUnavailable, 503);
}

#[test]
fn publishing_again_is_told_in_the_words_that_tools_look_for() {
    let response = encoded("PUT", &refusal(RefusalKind::Conflict, ErrorCode::ReleaseExists));
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        body["error"],
        "You cannot publish over the previously published versions: something happened \
         [publish.release-exists]"
    );
}

#[test]
fn a_401_never_asks_for_a_one_time_password() {
    let response = encoded("PUT", &refusal(RefusalKind::Unauthenticated, ErrorCode::AuthRequired));
    let challenge = response.headers["www-authenticate"].to_str().unwrap();
    assert_eq!(
        challenge,
        "Bearer realm=\"https://registry.example\", Basic realm=\"https://registry.example\""
    );
    // npm splits at commas and looks for these words.
    assert!(challenge.split(',').all(|part| !["otp", "ipaddress"].contains(&part.trim())));
}

#[test]
fn a_throttled_client_is_told_how_long() {
    let kind = RefusalKind::Throttled { retry_after_secs: 7 };
    assert_eq!(encoded("GET", &refusal(kind, ErrorCode::RateLimited)).headers["retry-after"], "7");
}
