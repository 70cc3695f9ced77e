//! Audits, which this registry does not answer yet, and why it says so with these statuses.

use serde_json::json;
use vouchsafe_testkit::{FakeUpstream, Reply, Sandbox};

use crate::stage::Stage;

#[test]
fn an_install_is_not_disturbed_by_an_audit_that_nobody_answers() {
    let mut stage = Stage::new();
    stage.home.set("npm_config_audit", "true");
    stage.publish("left-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "^1.0.0" }));
    let installed = stage.npm(&app, &["install"]).ok().says("added 1 package");
    assert!(!installed.text().contains("found 0 vulnerabilities"), "{}", installed.text());
    assert!(!installed.text().contains("npm error"), "{}", installed.text());

    let audit = stage.npm(&app, &["audit"]).fails();
    audit.says("auditing is not implemented by this registry");
    let audit = stage.npm(&app, &["audit", "--json"]).fails();
    let report: serde_json::Value = serde_json::from_str(&audit.stdout).unwrap();
    assert_eq!((&report["statusCode"], &report["method"]), (&json!(404), &json!("POST")));
}

#[test]
fn pnpm_and_yarn_say_that_nobody_audits() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    let app = stage.app("pnpm", &json!({ "left-lib": "^1.0.0" }));
    stage.pnpm(&app, &["install"]).ok();
    let audit = stage.pnpm(&app, &["audit"]).fails();
    audit.says("ERR_PNPM_AUDIT_ENDPOINT_NOT_EXISTS").says("audit endpoint");
    let app = stage.app("yarn", &json!({ "left-lib": "^1.0.0" }));
    stage.home.write("yarn/yarn.lock", "");
    stage.yarn(&app, &["install"]).ok();
    let audit = stage.yarn(&app, &["npm", "audit"]).fails();
    audit.says("auditing is not implemented by this registry");
}

/// Nothing here is signed yet, and nobody must come to believe that it was.
#[test]
fn nobody_is_told_that_signatures_or_provenance_were_checked() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "^1.0.0" }));
    stage.npm(&app, &["install"]).ok();
    // npm asks the public good instance for its keys first; where that cannot be reached, it says
    // so and ends. Where it can, this registry says that it has no keys.
    let audit = stage.npm(&app, &["audit", "signatures"]).fails();
    assert!(!audit.text().contains("verified registry signature"), "{}", audit.text());
    assert!(!audit.text().contains("verified attestation"), "{}", audit.text());
    let keys = stage.ask("GET", "/-/npm/v1/keys", b"");
    assert_eq!(keys.status, 404, "{}", keys.text());
    assert!(keys.text().contains("this registry has no signing keys"), "{}", keys.text());

    let dir = stage.package("next", "left-lib", "1.1.0");
    stage.npm(&dir, &["publish", "--provenance"]).fails().says("provenance");
    assert!(stage.packument("left-lib")["versions"].get("1.1.0").is_none());
    let view = stage.npm_anywhere(&["view", "left-lib", "dist.attestations", "dist.signatures"]);
    assert_eq!(view.ok().stdout.trim(), "");
}

/// What `npm publish --provenance` sends from a build service: the bundle is refused by name and
/// nothing of the release is kept, rather than the bundle dropped without a word.
#[test]
fn a_provenance_bundle_is_refused_and_not_dropped() {
    let stage = Stage::new();
    let body = vouchsafe_testkit::packages::npm_publish_body("left-lib", "1.0.0");
    let mut document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    document["_attachments"]["left-lib-1.0.0.sigstore"] = json!({
        "content_type": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "data": "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}",
        "length": 64,
    });
    let refused = stage.ask("PUT", "/left-lib", document.to_string().as_bytes());
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("provenance"), "{}", refused.text());
    assert!(refused.text().contains("not implemented"), "{}", refused.text());
    assert_eq!(stage.ask("GET", "/left-lib", b"").status, 404);
}

/// A home whose npm and pnpm wait for milliseconds between two tries, not for a minute.
fn impatient(registry: &FakeUpstream) -> Sandbox {
    let mut home = Sandbox::new();
    let address = registry.url().replace("http:", "");
    let settings = format!(
        "registry={}/\n{address}/:_authToken=x\nfetch-retries=2\nfetch-retry-mintimeout=1\n\
         fetch-retry-maxtimeout=2\n",
        registry.url()
    );
    home.write(".npmrc", &settings);
    home.set("npm_config_audit", "false");
    home
}

/// The reason behind 404 and 400 where 501 would be the plainer word.
#[test]
fn npm_repeats_every_request_on_501_but_the_posted_ones_and_pnpm_those_too() {
    let registry = FakeUpstream::start();
    let home = impatient(&registry);
    let ping = "/-/ping";
    let tags = "/-/package/left-lib/dist-tags";
    let tag = format!("{tags}/beta");
    let bulk = "/-/npm/v1/security/advisories/bulk";
    for path in [ping, &tag, bulk, "/left-lib"] {
        registry.on(path, Reply::status(501));
    }
    registry.on(tags, Reply::ok("application/json", r#"{"latest":"1.0.0"}"#));
    let lock = json!({
        "name": "app", "lockfileVersion": 3, "packages": {
            "": { "name": "app", "dependencies": { "left-lib": "1.0.0" } },
            "node_modules/left-lib": { "version": "1.0.0" },
        },
    });
    home.write("app/package.json", r#"{"name":"app","dependencies":{"left-lib":"1.0.0"}}"#);
    home.write("app/package-lock.json", &lock.to_string());
    let app = home.dir("app");

    home.run(&app, "npm", &["ping"]).fails().says("E501");
    home.run(&app, "npm", &["dist-tag", "add", "left-lib@1.0.0", "beta"]).fails().says("E501");
    home.run(&app, "npm", &["audit"]).fails().says("501");
    assert_eq!((registry.hits(ping), registry.hits(&tag), registry.hits(bulk)), (3, 3, 1));

    home.run(&home.dir("pnpm"), "pnpm", &["add", "left-lib"]).fails().says("501");
    assert_eq!(registry.hits("/left-lib"), 3);

    // pnpm repeats what it posts, too, and takes a 404 of an audit for what it is.
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      left-lib:\n        \
                specifier: 1.0.0\n        version: 1.0.0\n\npackages:\n\n  left-lib@1.0.0:\n    resolution: {integrity: sha512-AA==}\n\n\
                snapshots:\n\n  left-lib@1.0.0: {}\n";
    home.write("app/pnpm-lock.yaml", lock);
    let audits = ["/-/npm/v1/security/audits/quick", "/-/npm/v1/security/audits"];
    for path in audits {
        registry.on(path, Reply::status(501));
    }
    home.run(&app, "pnpm", &["audit"]).fails().says("501");
    assert_eq!(audits.map(|path| registry.hits(path)), [3, 3]);
    for path in audits {
        registry.on(path, Reply::status(404));
    }
    let audit = home.run(&app, "pnpm", &["audit"]).fails();
    audit.says("ERR_PNPM_AUDIT_ENDPOINT_NOT_EXISTS");
    assert_eq!(audits.map(|path| registry.hits(path)), [4, 4]);
}
