//! Proofs by DNS.

use crate::name_server::Says;
use crate::stage::{Stage, check_refused, record};

#[test]
fn a_record_at_the_domain_proves_the_namespace() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    assert_eq!(claim["state"], "pending");
    assert_eq!(claim["proof"], "acme.com");
    assert!(claim["next_step"].as_str().unwrap().contains(&record(&claim)), "{claim}");

    let missing = stage.verify(&stage.ann, &claim);
    check_refused(&missing, 422, "namespace.not-proved");
    assert_eq!(missing.header("content-type"), Some("application/problem+json"));
    assert!(missing.json()["detail"].as_str().unwrap().contains(&record(&claim)));

    stage.prove("acme.com", &claim);
    let verified = stage.verify(&stage.ann, &claim).json();
    assert_eq!(verified["state"], "verified");
    assert_eq!(stage.verify(&stage.ann, &claim).status, 200, "again changes nothing");
}

#[test]
fn a_record_that_says_something_else_proves_nothing() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    let other = stage.claimed(&stage.ben, "pkg:maven/com.acme", None);
    let right = record(&claim);
    let challenge = claim["challenge"].as_str().unwrap();
    for says in [
        Says::text(&record(&other)),
        Says::text(challenge),
        Says::text(&format!("{right}0")),
        Says::text(&format!("x {right}")),
        Says::text(&right.to_uppercase()),
        Says::text("vouchsafe-verification="),
        Says::Texts(vec![vec![b"\xff\xfe".to_vec()], vec![vec![b'a'; 255]; 4]]),
        Says::Code(3),
        Says::Code(0),
        // Who answers for the target of an alias need not hold the domain.
        Says::Alias("tenant.host.example".to_owned(), right.clone()),
    ] {
        stage.dns.on("acme.com", says.clone());
        let answer = stage.verify(&stage.ann, &claim);
        assert_eq!(answer.status, 422, "{says:?}: {}", answer.text());
    }
    // A record may be cut into strings, and stand among others.
    let (left, rest) = right.as_bytes().split_at(10);
    stage.dns.on(
        "acme.com",
        Says::Texts(vec![vec![b"v=spf1 -all".to_vec()], vec![left.to_vec(), rest.to_vec()]]),
    );
    assert_eq!(stage.verify(&stage.ann, &claim).status, 200);
    // The first proof wins.
    stage.prove("acme.com", &other);
    check_refused(&stage.verify(&stage.ben, &other), 409, "publish.name-claimed");
}

#[test]
fn a_record_is_found_among_more_than_one_datagram_holds() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    let mut texts: Vec<_> = (0..60_u8).map(|n| vec![vec![b'a' + n % 26; 200]]).collect();
    texts.push(vec![record(&claim).into_bytes()]);
    stage.dns.on("acme.com", Says::Long(texts));
    let verified = stage.verify(&stage.ann, &claim);
    assert_eq!(verified.status, 200, "{}", verified.text());
}

#[test]
fn a_name_server_that_fails_proves_nothing() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    for says in [Says::Code(2), Says::Code(5), Says::Garbage] {
        stage.dns.on("acme.com", says);
        check_refused(&stage.verify(&stage.ann, &claim), 503, "upstream.unavailable");
    }
    assert_eq!(stage.state("pkg:maven/com.acme"), "pending");
}

#[test]
fn the_domain_is_the_namespace_backwards_or_one_above_it() {
    let stage = Stage::new();
    for (namespace, domain, expected) in [
        ("pkg:maven/com.acme.tools", None, Ok("tools.acme.com")),
        ("pkg:maven/com.acme.tools", Some("acme.com"), Ok("acme.com")),
        ("pkg:maven/com.acme.tools", Some("ACME.com."), Ok("acme.com")),
        ("pkg:maven/com.acme", Some("evil.example"), Err(400)),
        ("pkg:maven/com.acme", Some("notacme.com"), Err(400)),
        ("pkg:maven/com.acme", Some("com"), Err(400)),
        ("pkg:maven/com.acme_corp", None, Err(400)),
        ("pkg:maven/junit", None, Err(400)),
        ("pkg:npm/@acme", None, Err(400)),
        ("pkg:npm/@acme", Some("127.0.0.1"), Err(400)),
        ("pkg:npm/@acme", Some("a b.example\r\nx: y"), Err(400)),
        ("pkg:npm/@acme", Some("localhost"), Err(400)),
        ("pkg:npm/@acme", Some("acme.example"), Ok("acme.example")),
    ] {
        let answer = stage.claim(&stage.ann, namespace, domain);
        match expected {
            Ok(proof) => {
                assert_eq!(answer.status, 201, "{namespace} {domain:?}: {}", answer.text());
                assert_eq!(answer.json()["proof"], proof);
            }
            Err(status) => assert_eq!(answer.status, status, "{namespace} {domain:?}"),
        }
    }
    assert_eq!(stage.dns.asked(), Vec::<String>::new(), "a claim alone asks nobody");
}

#[test]
fn where_a_name_is_no_domain_the_operator_decides() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:npm/@acme", Some("acme.example"));
    stage.prove("acme.example", &claim);
    let proved = stage.verify(&stage.ann, &claim).json();
    assert_eq!(proved["state"], "proved");
    assert!(proved["next_step"].as_str().unwrap().contains("operator"));
    let stranger = stage.npm(&stage.ben, "@acme/first", "1.0.0");
    assert_eq!(stranger.status, 201, "a proof alone holds nobody off: {}", stranger.text());

    stage.operator(&["approve", claim["id"].as_str().unwrap()]).ok();
    assert_eq!(stage.state("pkg:npm/@acme"), "verified");
    check_refused(&stage.npm(&stage.ben, "@acme/second", "1.0.0"), 403, "publish.name-claimed");
}

#[test]
fn a_domain_can_be_enough_for_the_name_before_its_ending() {
    let stage = Stage::with("domains_for_names = true", "");
    for (namespace, domain, state) in [
        ("pkg:npm/@acme", "acme.example", "verified"),
        ("pkg:pypi/acme", "www.acme.example", "proved"),
        ("pkg:cargo/acme", "acmeevil.example", "proved"),
    ] {
        let claim = stage.claimed(&stage.ann, namespace, Some(domain));
        stage.prove(domain, &claim);
        assert_eq!(stage.verify(&stage.ann, &claim).json()["state"], state, "{namespace}");
    }
}

#[test]
fn a_proof_that_is_gone_twice_in_a_row_freezes_the_namespace() {
    let stage = Stage::new();
    let claim = stage.com_acme_is_anns();
    assert_eq!(stage.maven(&stage.ann, "com.acme").status, 201);
    let recheck = || {
        stage.operator(&["recheck"]).ok();
        stage.state("pkg:maven/com.acme")
    };
    stage.dns.on("acme.com", Says::Code(3));
    assert_eq!(recheck(), "verified");
    // Who does not answer does not count, and a proof that is there begins the count again.
    stage.dns.on("acme.com", Says::Code(2));
    assert_eq!(recheck(), "verified");
    stage.prove("acme.com", &claim);
    assert_eq!(recheck(), "verified");
    stage.dns.on("acme.com", Says::text("v=spf1 -all"));
    assert_eq!(recheck(), "verified");
    assert_eq!(recheck(), "frozen");

    let refused = stage.maven_file(&stage.ann, "com.acme", "lib-1.0.pom");
    check_refused(&refused, 403, "publish.namespace-frozen");
    check_refused(&stage.maven(&stage.ben, "com.acme.x"), 403, "publish.namespace-frozen");
    assert_eq!(stage.maven(&stage.ben, "com.acmeevil").status, 201);
    // The new holder of the domain does not get what the old one had.
    check_refused(
        &stage.claim(&stage.ben, "pkg:maven/com.acme", None),
        409,
        "publish.name-claimed",
    );
    check_refused(&stage.verify(&stage.ann, &claim), 422, "namespace.not-proved");

    stage.prove("acme.com", &claim);
    assert_eq!(recheck(), "verified");
    assert_eq!(stage.maven_file(&stage.ann, "com.acme", "lib-1.0.pom").status, 201);
}
