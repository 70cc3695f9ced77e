//! Who publishes where, and what is asked upstream.

use std::time::{Duration, Instant};

use vouchsafe_testkit::http::{get, send};
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, check_refused};

#[test]
fn only_the_owner_creates_packages_below_a_group() {
    let stage = Stage::new();
    assert_eq!(stage.maven(&stage.ben, "com.acme.before").status, 201, "staged before the claim");
    stage.com_acme_is_anns();
    for group in ["com.acme", "com.acme.tools", "com.acme.tools.deep", "com.acme.before"] {
        let refused = stage.maven(&stage.ben, group);
        check_refused(&refused, 403, "publish.name-claimed");
        assert!(refused.phrase.contains("pkg:maven/com.acme,"), "{}", refused.phrase);
        assert_eq!(stage.maven(&stage.ann, group).status, 201, "{group}");
    }
    for group in ["com.acmeevil", "com.acm", "com", "net.com.acme"] {
        assert_eq!(stage.maven(&stage.ben, group).status, 201, "{group}");
    }
}

#[test]
fn names_are_compared_as_their_clients_compare_them() {
    let stage = Stage::new();
    for namespace in ["pkg:npm/@acme", "pkg:pypi/Acme", "pkg:cargo/acme_core", "pkg:pypi/in-house"]
    {
        stage.give(namespace, "ann");
    }
    let (ann, ben) = (&stage.ann, &stage.ben);
    for name in ["acme", "acme-tools", "ACME_Tools", "acme.x", "In_House-x"] {
        check_refused(&stage.pypi(ben, name, "1.0"), 403, "publish.name-claimed");
    }
    for name in ["acmeevil", "not-acme", "in", "inhouse"] {
        assert_eq!(stage.pypi(ben, name, "1.0").status, 200, "{name}");
    }
    assert_eq!(stage.pypi(ann, "acme-tools", "1.0").status, 200);
    for name in ["acme-core", "acme_core", "acme-core-x", "Acme_Core_x", "acme_core-x"] {
        let refused = stage.cargo(ben, name, "1.0.0");
        check_refused(&refused, 403, "publish.name-claimed");
    }
    assert_eq!(stage.cargo(ben, "acme-corex", "1.0.0").status, 200);
    assert_eq!(stage.cargo(ann, "acme_core", "1.0.0").status, 200);
    check_refused(&stage.npm(ben, "@acme/tool", "1.0.0"), 403, "publish.name-claimed");
    for name in ["@acme-evil/tool", "@acme2/tool", "acme"] {
        assert_eq!(stage.npm(ben, name, "1.0.0").status, 201, "{name}");
    }
    assert_eq!(stage.npm(ann, "@acme/tool", "1.0.0").status, 201);
}

#[test]
fn the_most_specific_namespace_decides() {
    let stage = Stage::new();
    stage.give("pkg:maven/com.acme", "ann");
    stage.give("pkg:maven/com.acme.tools", "ben");
    assert_eq!(stage.maven(&stage.ben, "com.acme.tools.x").status, 201);
    check_refused(&stage.maven(&stage.ann, "com.acme.tools.x"), 403, "publish.name-claimed");
    check_refused(&stage.maven(&stage.ben, "com.acme.other"), 403, "publish.name-claimed");
    stage.operator(&["remove", "pkg:maven/com.acme.tools"]).ok();
    assert_eq!(stage.maven(&stage.ann, "com.acme.tools.x").status, 201);
}

#[test]
fn owners_of_packages_that_were_there_go_on() {
    let stage = Stage::new();
    assert_eq!(stage.npm(&stage.ben, "@acme/old", "1.0.0").status, 201);
    stage.give("pkg:npm/@acme", "ann");
    assert_eq!(stage.npm(&stage.ben, "@acme/old", "1.1.0").status, 201);
    check_refused(&stage.npm(&stage.ben, "@acme/new", "1.0.0"), 403, "publish.name-claimed");
    assert_eq!(stage.npm(&stage.ann, "@acme/old", "1.2.0").status, 403);
}

#[test]
fn an_ecosystem_can_ask_for_namespaces() {
    let stage = Stage::with("", "[policy]\nrequire_namespace = [\"pypi\"]\n");
    check_refused(&stage.pypi(&stage.ann, "acme", "1.0"), 403, "publish.namespace-required");
    stage.give("pkg:pypi/acme", "ann");
    assert_eq!(stage.pypi(&stage.ann, "acme", "1.0").status, 200);
    check_refused(&stage.pypi(&stage.ann, "other", "1.0"), 403, "publish.namespace-required");
    assert_eq!(stage.npm(&stage.ann, "other", "1.0.0").status, 201);
    // What is there stays open to its owners.
    stage.operator(&["remove", "pkg:pypi/acme"]).ok();
    assert_eq!(stage.pypi(&stage.ann, "acme", "1.1").status, 200);
}

#[test]
fn what_lies_in_a_namespace_is_never_asked_upstream() {
    let upstream = FakeUpstream::start();
    let document = r#"{"name":"@acme/x","dist-tags":{},"versions":{}}"#;
    for path in ["/@acme%2fx", "/@acme%2Fx", "/@acme/x", "/@other%2fx"] {
        upstream.on(path, Reply::ok("application/json", document));
    }
    let stage = Stage::with("", &format!("[upstreams.npm]\nurl = \"{}\"\n", upstream.url()));
    stage.give("pkg:npm/@acme", "ann");
    // The server learns of what the command line did from the event log, in a moment.
    let started = Instant::now();
    while get(stage.server.address(), "/npm/@acme%2fx").status != 404 {
        assert!(started.elapsed() < Duration::from_secs(30), "the namespace is not known");
    }
    let before = upstream.all_hits();
    for name in ["x", "y", "zzz"] {
        let answer = get(stage.server.address(), &format!("/npm/@acme%2f{name}"));
        assert_eq!(answer.status, 404);
    }
    // Its owner publishes without the upstream being asked whether the name is free.
    assert_eq!(stage.npm(&stage.ann, "@acme/x", "1.0.0").status, 201);
    assert_eq!(upstream.all_hits(), before);
    send(stage.server.address(), "GET", "/npm/@other%2fx", &[], b"");
    assert!(upstream.all_hits() > before);
}
