//! Credentials in every spelling, good and bad: one credential, one decision.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_testkit::http;

use crate::stage::{Eco, PRIVATE, ask, count_events, npm_rev, picture, start};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// What clients make of a token.
fn spellings(token: &str) -> Vec<String> {
    vec![
        token.to_owned(),
        format!("Bearer {token}"),
        format!("bearer  {token}"),
        format!("token {token}"),
        basic("__token__", token),
        basic("anybody", token),
        basic(token, ""),
    ]
}

#[test]
fn gitea_cve_2025_68941_one_credential_one_decision() {
    let server = start(PRIVATE);
    let owner = server.user_and_token("owner");
    for eco in Eco::ALL {
        assert!(eco.publish(&server, &owner, "gadget", "1.0.0").status < 300);
    }
    let reader = server.token("owner", &["--scope", "read"]);
    let limited = server.token("owner", &["--package", "pkg:npm/other"]);
    let rev = npm_rev(&server, &owner, "gadget");
    let questions = [
        ("GET", Eco::Npm.index("gadget"), [200, 403, 200]),
        ("GET", Eco::Cargo.file("gadget", "1.0.0"), [200, 403, 200]),
        ("GET", "/packages/pypi/gadget".to_owned(), [200, 403, 200]),
        ("GET", "/search?q=gadget".to_owned(), [200, 403, 200]),
        ("GET", "/npm/-/npm/v1/tokens".to_owned(), [403, 403, 200]),
        ("DELETE", "/cargo/api/v1/crates/gadget/1.0.0/yank".to_owned(), [403, 403, 200]),
        ("DELETE", format!("/npm/gadget/-/nothing-9.9.9.tgz/-rev/{rev}"), [404, 404, 404]),
    ];
    for (method, target, expected) in questions {
        for (token, expected) in [&reader, &limited, &owner].into_iter().zip(expected) {
            for spelling in spellings(token) {
                let answer = ask(&server, method, &target, Some(&spelling), b"");
                assert_eq!(answer.status, expected, "{method} {target} as {spelling}");
            }
        }
    }
}

/// A credential in the address, a cookie or another header is none.
#[test]
fn a_token_counts_in_its_header_alone() {
    let server = start(PRIVATE);
    let owner = server.user_and_token("owner");
    assert!(Eco::Npm.publish(&server, &owner, "gadget", "1.0.0").status < 300);
    for name in ["token", "access_token", "authorization", "_authToken", "key"] {
        let target = format!("/npm/gadget?{name}={owner}");
        assert_eq!(ask(&server, "GET", &target, None, b"").status, 401, "{name}");
    }
    for header in ["x-auth-token", "proxy-authorization", "cookie", "npm-auth", "x-nuget-apikey"] {
        let value = if header == "cookie" { format!("token={owner}") } else { owner.clone() };
        let answer = http::send(server.address(), "GET", "/npm/gadget", &[(header, &value)], b"");
        assert_eq!(answer.status, 401, "{header}");
    }
    // Who the request claims to be means nothing.
    for header in ["x-forwarded-user", "x-remote-user", "remote-user", "x-webauth-user"] {
        let answer = http::send(server.address(), "GET", "/npm/gadget", &[(header, "owner")], b"");
        assert_eq!(answer.status, 401, "{header}");
    }
}

/// What cannot be read is refused, even where nobody needs a credential: never anonymous.
#[test]
fn artifact_keeper_503_what_is_no_credential_is_refused() {
    let server = start("[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let owner = server.user_and_token("owner");
    for eco in Eco::ALL {
        assert!(eco.publish(&server, &owner, "gadget", "1.0.0").status < 300);
    }
    let before = picture(&server, &owner, "gadget", &["1.0.0"]);
    let unsigned = format!("{}.{}.", STANDARD.encode(r#"{"alg":"none"}"#), STANDARD.encode("{}"));
    let mut damaged = owner.clone();
    damaged.replace_range(10..11, if &owner[10..11] == "x" { "y" } else { "x" });
    let bad = [
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic !!!",
        "Basic bm9jb2xvbg==",
        "Digest username=\"owner\"",
        "Negotiate abc",
        &format!("Bearer {unsigned}"),
        &format!("Bearer {owner} {owner}"),
        &format!("Bearer {}", &owner[..owner.len() - 1]),
        &format!("Bearer {damaged}"),
        &format!("Bearer {}", owner.to_uppercase()),
        &format!("Bearer {}", "x".repeat(9000)),
        &basic("owner", ""),
        &basic("owner", "no password was ever set"),
        &basic("", "password"),
        &basic("owner' OR '1'='1", "x' OR '1'='1"),
        "Bearer vsf_",
        "Bearer null",
        "Bearer undefined",
    ];
    for (place, authorization) in bad.iter().enumerate() {
        let from = format!("198.18.0.{place}");
        let headers = [("authorization", *authorization), ("x-forwarded-for", from.as_str())];
        for eco in Eco::ALL {
            let target = eco.index("gadget");
            let answer = http::send(server.address(), "GET", &target, &headers, b"");
            assert_eq!(answer.status, 401, "{authorization:.60} at {target}");
            assert!(answer.header("www-authenticate").is_some(), "{target}: no challenge");
            assert!(!answer.text().contains(&owner), "the token is repeated");
        }
        let yank = "/cargo/api/v1/crates/gadget/1.0.0/yank";
        let answer = http::send(server.address(), "DELETE", yank, &headers, b"");
        assert_eq!(answer.status, 401, "{authorization:.60}");
    }
    assert_eq!(picture(&server, &owner, "gadget", &["1.0.0"]), before);
    assert!(count_events(&server, "credential.refused", "") > 0);
    assert!(!server.log().contains(&owner), "a token is in the log");
}

#[test]
fn two_authorization_headers_are_refused() {
    let server = start("");
    let owner = server.user_and_token("owner");
    let stranger = server.user_and_token("stranger");
    for (first, second) in [(&owner, &owner), (&owner, &stranger), (&stranger, &owner)] {
        let (first, second) = (format!("Bearer {first}"), format!("Bearer {second}"));
        let headers = [("authorization", first.as_str()), ("authorization", second.as_str())];
        let answer = http::send(server.address(), "GET", "/npm/-/whoami", &headers, b"");
        assert_eq!(answer.status, 401);
    }
}

/// A token hands out no more than it has, and a narrow one hands out nothing.
#[test]
fn gitea_cve_2025_68944_a_token_never_widens() {
    let server = start("");
    server.user_with_password("owner", "correct horse battery");
    let all = server.token("owner", &[]);
    let narrow = [
        server.token("owner", &["--scope", "read"]),
        server.token("owner", &["--scope", "publish-update"]),
        server.token("owner", &["--package", "pkg:npm/@acme/*"]),
    ];
    let wishes = [
        r#"{"password":"correct horse battery","readonly":false,"cidr_whitelist":[]}"#,
        r#"{"password":"correct horse battery","readonly":true}"#,
        r#"{"name":"x","packages_all":true,"packages_and_scopes_permission":"read-write"}"#,
    ];
    let target = "/npm/-/npm/v1/tokens";
    for wish in wishes {
        for token in &narrow {
            let bearer = format!("Bearer {token}");
            let answer = ask(&server, "POST", target, Some(&bearer), wish.as_bytes());
            assert_eq!(answer.status, 403, "{wish}: {}", answer.text());
        }
    }
    let bearer = format!("Bearer {all}");
    let wish = r#"{"password":"correct horse battery","readonly":true}"#;
    let answer = ask(&server, "POST", target, Some(&bearer), wish.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let reader = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
    let upload = Eco::Npm.upload("gadget", "1.0.0", &Eco::Npm.archive("gadget", "1.0.0"));
    let headers = [("authorization", reader.as_str()), ("content-type", "application/json")];
    let answer = http::send(server.address(), "PUT", "/npm/gadget", &headers, &upload.body);
    assert_eq!(answer.status, 403, "{}", answer.text());
    // A wrong password makes no token, whoever asks.
    let wish = r#"{"password":"wrong","readonly":true}"#;
    assert_eq!(ask(&server, "POST", target, Some(&bearer), wish.as_bytes()).status, 401);
    // What would narrow a token and is not built is refused, not left out.
    for wish in [r#"{"cidr_whitelist":["10.0.0.0/8"]}"#, r#"{"orgs":["acme"]}"#] {
        let answer = ask(&server, "POST", target, Some(&bearer), wish.as_bytes());
        assert!([400, 501].contains(&answer.status), "{wish}: {}", answer.text());
    }
}

/// Revoked by the operator, on the command line, while it is in the server's memory.
#[test]
fn artifact_keeper_505_revocation_reaches_uploads_that_are_under_way() {
    let server = start("");
    let owner = server.user_and_token("owner");
    let upload = Eco::Cargo.upload("gadget", "1.0.0", &Eco::Cargo.archive("gadget", "1.0.0"));
    let (first, rest) = upload.body.split_at(upload.body.len() / 2);
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "PUT /cargo/api/v1/crates/new HTTP/1.1\r\nhost: x\r\nauthorization: {owner}\r\n\
         content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        upload.body.len()
    );
    use std::io::{Read, Write};
    stream.write_all(head.as_bytes()).unwrap();
    // The server has read the head and found the token good when it asks for the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&go_on));
    stream.write_all(first).unwrap();
    let (bearer, target) = (format!("Bearer {owner}"), format!("/npm/-/user/token/{owner}"));
    assert_eq!(ask(&server, "DELETE", &target, Some(&bearer), b"").status, 200);
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(ask(&server, "GET", &Eco::Cargo.index("gadget"), None, b"").status, 404);
}

/// Who steals a token that ends soon must not be able to make one that does not.
#[test]
fn a_token_makes_none_that_outlives_it_or_may_do_more() {
    let server = start("");
    server.user("owner");
    let week = server.token("owner", &["--expires-days", "7"]);
    let create = |token: &str, what: &str| {
        let body = format!(
            r#"{{"name":"made","packages_all":true,"packages_and_scopes_permission":"read-write"{what}}}"#
        );
        let bearer = format!("Bearer {token}");
        ask(&server, "POST", "/npm/-/npm/v1/tokens", Some(&bearer), body.as_bytes())
    };
    for longer in [r#","expires":8"#, r#","expires":3650"#, r#","expires":0"#] {
        let refused = create(&week, longer);
        assert_eq!(refused.status, 403, "{longer}: {}", refused.text());
        assert!(refused.text().contains("would outlive yours"), "{}", refused.text());
    }
    assert_eq!(count_events(&server, "token.created", "owner"), 1);
    // Without a wish it ends with its maker, and so does what is made with it in turn.
    let ends = |answer: &http::Answer| answer.json()["expires"].as_str().unwrap().to_owned();
    let child = create(&week, "");
    assert_eq!(child.status, 200, "{}", child.text());
    let secret = child.json()["token"].as_str().unwrap().to_owned();
    let grandchild = create(&secret, "");
    assert_eq!(ends(&grandchild), ends(&child));
    assert_eq!(create(&secret, r#","expires":7"#).status, 403);
    assert!(ends(&create(&week, r#","expires":6"#)) < ends(&child));

    for limits in [&["--scope", "read", "--scope", "owners"][..], &["--package", "pkg:npm/*"]] {
        let narrow = server.token("owner", limits);
        assert_eq!(create(&narrow, "").status, 403, "{limits:?}");
        assert_eq!(create(&narrow, r#","readonly":true"#).status, 403, "{limits:?}");
    }
}
