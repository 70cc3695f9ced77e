//! Refusals, as `go` shows them.

use vouchsafe_adapter::{Ecosystem as _, WireResponse};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};
use vouchsafe_ecosystem_golang::Golang;

use crate::fixtures::Request;

/// What `go` prints behind "server response", or nothing when it distrusts the body
/// (`cmd/go/internal/web`, `formatErrorDetail`).
pub(crate) fn shown_by_go(response: &WireResponse) -> Option<String> {
    let content_type = response.headers.get("content-type")?.to_str().ok()?;
    let body = std::str::from_utf8(&response.body).ok()?;
    let is_graphic = |c: char| c == '\n' || c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    if content_type != "text/plain; charset=utf-8" || !body.chars().all(is_graphic) {
        return None;
    }
    let shown: Vec<&str> = body.lines().take_while(|line| !line.trim().is_empty()).collect();
    let shown_bytes: usize = shown.iter().map(|line| line.len() + 2).sum();
    (!shown.is_empty() && shown.len() <= 8 && shown_bytes <= 648).then(|| shown.join("\n"))
}

fn refuse(message: &str, docs_url: &str) -> WireResponse {
    let mut refusal = Refusal::new(RefusalKind::Withheld, ErrorCode::PolicyCooldown, message);
    refusal.docs_url = Some(docs_url.to_owned());
    let request = Request::new("GET", "example.com/x/@v/v1.0.0.info");
    Golang.encode_refusal(&request.as_wire(), &refusal)
}

#[track_caller]
fn check(message: &str, docs_url: &str, expect: &str) {
    assert_eq!(shown_by_go(&refuse(message, docs_url)).as_deref(), Some(expect));
}

#[test]
fn a_refusal_is_its_reason_and_the_link_on_lines_of_their_own() {
    assert_eq!(refuse("too young", "").status, 403);
    check(
        "too young",
        "https://registry.example/errors/policy.cooldown",
        "too young\nSee https://registry.example/errors/policy.cooldown",
    );
}

#[test]
fn what_would_silence_go_is_replaced_or_cut() {
    check(
        "a\u{202e}b \u{1b}[1m é \u{200b}",
        "https://r.example",
        "a?b  [1m é ?\nSee https://r.example",
    );
    let long = "é".repeat(5000);
    check(&long, "https://r.example", &format!("{}...\nSee https://r.example", "é".repeat(200)));
    check("x", &"u".repeat(5000), "x");
}

#[test]
fn a_missing_credential_is_challenged() {
    let refusal = Refusal::new(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, "sign in");
    let request = Request::new("GET", "example.com/x/@v/list");
    let response = Golang.encode_refusal(&request.as_wire(), &refusal);
    assert_eq!(response.status, 401);
    assert_eq!(response.headers["www-authenticate"], "Basic realm=\"Vouchsafe\"");
}
