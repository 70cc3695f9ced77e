//! What a refusal looks like to each client.

use vouchsafe_adapter::{Ecosystem, WireResponse};
use vouchsafe_domain::call::Answer;
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::Request;

fn refuse(kind: RefusalKind, accept: &[(&'static str, &str)]) -> WireResponse {
    let mut refusal = Refusal::new(kind, ErrorCode::PolicyCooldown, "lib 1.0 is too young: é");
    refusal.docs_url = Some("https://registry.example/errors/policy.cooldown".to_owned());
    let request = Request::new("GET", "com/acme/lib/1.0/lib-1.0.jar", accept);
    Maven.encode_refusal(&request.as_wire(), &refusal)
}

#[test]
fn statuses_are_those_that_clients_act_on() {
    for (kind, status) in [
        (RefusalKind::Conflict, 409),
        (RefusalKind::Unauthenticated, 401),
        (RefusalKind::Withheld, 403),
        (RefusalKind::Forbidden, 403),
        (RefusalKind::NotFound, 404),
        (RefusalKind::TooLarge, 413),
    ] {
        assert_eq!(refuse(kind, &[]).status.as_u16(), status);
    }
    let challenge = refuse(RefusalKind::Unauthenticated, &[]);
    assert_eq!(challenge.headers.get("www-authenticate").unwrap(), "Basic realm=\"Vouchsafe\"");
}

#[test]
fn everybody_else_gets_plain_words() {
    let response = refuse(RefusalKind::Withheld, &[("accept", "text/html, */*;q=0.1")]);
    assert_eq!(
        String::from_utf8(response.body).unwrap(),
        "lib 1.0 is too young: é\nSee https://registry.example/errors/policy.cooldown\n"
    );
}

#[test]
fn maven_4_gets_a_problem() {
    // Some versions ask for it, and some for nothing in particular.
    let response = refuse(RefusalKind::Withheld, &[]);
    let accept = [("accept", "application/problem+json,*/*")];
    assert_eq!(response.body, refuse(RefusalKind::Withheld, &accept).body);
    // Maven 3.9 would not take one for an absent file.
    let absent = refuse(RefusalKind::NotFound, &accept);
    assert_eq!(absent.headers.get("content-type").unwrap(), "text/plain; charset=utf-8");
    assert_eq!(response.headers.get("content-type").unwrap(), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    insta::assert_json_snapshot!(problem, @r#"
    {
      "type": "https://registry.example/errors/policy.cooldown",
      "title": "Forbidden",
      "status": 403,
      "detail": "lib 1.0 is too young: é",
      "code": "policy.cooldown"
    }
    "#);
}

#[test]
fn a_deploy_is_answered_with_a_success() {
    let status = |answer: &Answer| {
        let request = Request::new("PUT", "com/acme/lib/1.0/lib-1.0.jar", &[]);
        Maven.encode(&request.as_wire(), answer).status.as_u16()
    };
    assert_eq!(status(&Answer::Staged { is_unchanged: false }), 201);
    assert_eq!(status(&Answer::Staged { is_unchanged: true }), 200);
    assert_eq!(status(&Answer::Deployed(Vec::new())), 201);
    assert_eq!(status(&Answer::Done), 201);
}
