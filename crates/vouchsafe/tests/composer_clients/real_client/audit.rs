//! What `composer audit` says of a registry that knows no advisories.

use serde_json::json;

use crate::stage::{COMPOSERS, Stage};

/// Composer's "none found" is about the repositories that have advisories. This one has none and
/// does not claim to: it announces no place to ask, so its word is never part of that sentence.
#[test]
fn nobody_is_told_that_this_registry_has_checked_anything() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    let root = stage.ask("GET", "/packages.json", b"").json();
    assert!(root.get("security-advisories").is_none() && root.get("filter").is_none(), "{root}");
    assert!(
        stage.ask("GET", "/p2/acme/tool.json", b"").json().get("security-advisories").is_none()
    );
    for composer in COMPOSERS {
        let dir = stage.locked(composer, composer, json!({ "acme/tool": "*" }));
        let ran = stage.run(composer, &dir, &["audit"]).ok();
        assert!(!ran.text().contains(&stage.base()), "{}", ran.text());
    }
    // Who asks all the same is not told "none".
    let answer = stage.ask("POST", "/api/security-advisories", b"packages%5B0%5D=acme%2Ftool");
    assert_eq!(answer.status, 501, "{}", answer.text());
}
