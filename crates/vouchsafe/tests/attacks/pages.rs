//! Pages: what publishers write never becomes markup, and what is private stays so.

use serde_json::json;
use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::packages;

use crate::stage::{Eco, PRIVATE, Upload, ask, start};

const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";
const LINK: &str = "javascript:alert(4)";

/// Publishes a package in each ecosystem that carries markup wherever a publisher may write.
fn publish_evil(server: &Server, token: &str) {
    let quoted = serde_json::to_string(EVIL).unwrap();
    let manifest = format!(
        "[package]\nname = \"gadget\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
         description = {quoted}\nkeywords = [{quoted}]\nhomepage = \"{LINK}\"\n\
         repository = \"{LINK}\"\ndocumentation = \"{LINK}\"\nlicense = {quoted}\n"
    );
    let archive = packages::tar_gz(&[
        ("gadget-1.0.0/Cargo.toml", manifest.as_bytes()),
        ("gadget-1.0.0/src/lib.rs", b""),
        ("gadget-1.0.0/index.html", EVIL.as_bytes()),
    ]);
    let answer = Eco::Cargo.upload("gadget", "1.0.0", &archive).send(server, token);
    assert!(answer.status < 300, "{}", answer.text());

    let manifest = json!({
        "name": "gadget", "version": "1.0.0", "description": EVIL, "keywords": [EVIL, "x\r\nSet-Cookie: a=b"],
        "homepage": LINK, "repository": LINK, "license": EVIL, "author": EVIL,
        "bugs": { "url": LINK }, "deprecated": EVIL,
    });
    let archive = packages::tar_gz(&[
        ("package/package.json", manifest.to_string().as_bytes()),
        ("package/README.md", format!("[click]({LINK})\n{EVIL}").as_bytes()),
    ]);
    let upload = Eco::Npm.upload("gadget", "1.0.0", &archive);
    let answer = upload.send(server, token);
    assert!(answer.status < 300, "{}", answer.text());
    let text = json!({ "_id": "gadget", "versions": { "1.0.0": { "deprecated": EVIL } } });
    let bearer = format!("Bearer {token}");
    let answer = ask(server, "PUT", "/npm/gadget", Some(&bearer), text.to_string().as_bytes());
    assert!(answer.status < 300, "{}", answer.text());

    let line = EVIL.replace('\n', " ");
    let further = format!(
        "Keywords: {line}\nHome-page: {LINK}\nProject-URL: x, {LINK}\nAuthor: {line}\n\
         Requires-Python: >=3.0\nDescription-Content-Type: text/html\n"
    );
    let archive =
        packages::wheel_with("gadget", "1.0.0", &further).into_iter().collect::<Vec<u8>>();
    let upload = Eco::Pypi.upload("gadget", "1.0.0", &archive);
    let field = "------vouchsafe-testkit\r\nContent-Disposition: form-data; name=\"requires_python\"\r\n\r\n>=3.0\r\n";
    let upload = Upload { body: [field.as_bytes(), &upload.body].concat(), ..upload };
    let answer = upload.send(server, token);
    assert!(answer.status < 300, "{}", answer.text());
}

/// Markup with everything that text may contain taken out.
#[track_caller]
fn check_page(target: &str, answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default().to_owned();
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{target}");
    assert!(answer.header("set-cookie").is_none(), "{target}");
    if !kind.contains("html") {
        return;
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"] {
        assert!(policy.contains(part), "{target}: the policy is {policy:?}");
    }
    assert!(!policy.contains("unsafe"), "{target}: {policy}");
    let text = answer.text();
    let lower = text.to_lowercase();
    for bad in [
        "<script",
        "<svg/",
        "<img src=x",
        "javascript:alert(4)\"",
        "href=\"javascript",
        "<iframe",
        "style=\"",
    ] {
        assert!(!lower.contains(bad), "{target} has {bad}:\n{text}");
    }
    // An attribute of a tag, not the words in a text.
    let unquoted: String = text.split('"').step_by(2).collect();
    for tag in unquoted.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        assert!(!tag.to_lowercase().contains(" on"), "{target}: an event handler in <{tag}>");
    }
}

#[test]
fn verdaccio_1532_what_publishers_write_is_text() {
    let server = start("");
    let token = server.user_and_token("owner");
    publish_evil(&server, &token);
    server.cli(&["policy", "deny", "pkg:npm/held@1.0.0", "--reason", EVIL]).ok();
    let encoded: String = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for target in [
        "/".to_owned(),
        "/packages/cargo/gadget".to_owned(),
        "/packages/npm/gadget".to_owned(),
        "/packages/pypi/gadget".to_owned(),
        "/search?q=gadget".to_owned(),
        "/search?q=alert".to_owned(),
        format!("/search?q={encoded}"),
        format!("/search?q=x&ecosystem={encoded}"),
        format!("/search?offset={encoded}"),
        format!("/packages/npm/{encoded}"),
        format!("/packages/{encoded}/x"),
        format!("/withheld/npm/{encoded}@1"),
        format!("/errors/{encoded}"),
        format!("/docs/{encoded}/{encoded}"),
        format!("/login/{encoded}"),
        format!("/{encoded}"),
        format!("/npm/{encoded}"),
        format!("/pypi/simple/{encoded}/"),
        format!("/cargo/index/{encoded}"),
        "/pypi/simple/".to_owned(),
        "/pypi/simple/gadget/".to_owned(),
        "/pypi/gadget/json".to_owned(),
        "/npm/gadget".to_owned(),
        "/npm/-/v1/search?text=gadget".to_owned(),
        "/cargo/api/v1/crates?q=gadget".to_owned(),
        "/errors".to_owned(),
        "/docs".to_owned(),
        "/me".to_owned(),
        "/healthz".to_owned(),
        "/readyz".to_owned(),
        "/metrics".to_owned(),
    ] {
        check_page(&target, &http::get(server.address(), &target));
    }
    for (target, form) in [
        ("/me", format!("name={encoded}&password={encoded}")),
        ("/login", format!("code={encoded}&name={encoded}&password={encoded}")),
        ("/login", "name=x".to_owned()),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = http::send(server.address(), "POST", target, &headers, form.as_bytes());
        assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
        check_page(target, &answer);
    }
}

/// The page of a sign-in shows what asks: words of a stranger.
#[test]
fn the_sign_in_page_shows_a_strangers_words_as_text() {
    let server = start("");
    let headers = [("user-agent", EVIL)];
    let begun = http::send(server.address(), "POST", "/npm/-/v1/login", &headers, b"{}").json();
    let url = begun["loginUrl"].as_str().unwrap().to_owned();
    let target = url.strip_prefix(&server.url()).unwrap();
    let answer = http::get(server.address(), target);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("alert(1)"), "the client is not shown");
    check_page(target, &answer);
}

/// Files are downloads: a browser that follows a link to one runs nothing of it.
#[test]
fn reposilite_cve_2024_36115_files_are_never_pages() {
    let server = start("");
    let token = server.user_and_token("owner");
    publish_evil(&server, &token);
    for eco in Eco::ALL {
        let answer = http::get(server.address(), &eco.file("gadget", "1.0.0"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "{eco:?}");
        assert!(answer.header("content-disposition").unwrap().starts_with("attachment"), "{eco:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let metadata = format!("{}.metadata", Eco::Pypi.file("gadget", "1.0.0"));
    let answer = http::get(server.address(), &metadata);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
}

#[test]
fn a_redirect_never_leaves_the_server() {
    let server = start("");
    let url = server.url();
    let mut redirects = 0;
    for target in [
        "/pypi/simple",
        "/pypi/simple/Some.Name/",
        "/pypi/simple/some-name",
        "/pypi/Some.Name/json",
        "/pypi/Some.Name/1.0/json",
        "/pypi/simple/%2f%2felsewhere.example/",
        "/pypi/simple//elsewhere.example/",
        "/pypi//elsewhere.example/json",
        "/pypi/simple?format=//elsewhere.example",
        "/pypi/simple?format=%0d%0aLocation:%20//elsewhere.example",
        "/cargo/me",
        "//elsewhere.example/%2e%2e",
        "/%5celsewhere.example/",
        "/packages//elsewhere.example",
        "/login?next=//elsewhere.example",
    ] {
        let headers = [("host", "elsewhere.example"), ("x-forwarded-host", "elsewhere.example")];
        let answer = http::send(server.address(), "GET", target, &headers, b"");
        if let Some(location) = answer.header("location") {
            redirects += 1;
            assert!(location.starts_with(&format!("{url}/")), "{target} leads to {location}");
        }
    }
    assert!(redirects >= 4);
}

/// Reading is private: nothing, anywhere, tells a stranger that a package exists.
#[test]
fn gitea_cve_2026_27771_private_packages_answer_like_missing_ones() {
    let server = start(PRIVATE);
    let token = server.user_and_token("owner");
    let yanker = server.token("owner", &["--scope", "publish-new"]);
    for eco in Eco::ALL {
        assert!(eco.publish(&server, &token, "gadget", "1.0.0").status < 300);
        assert!(eco.publish(&server, &token, "remove", "1.0.0").status < 300);
    }
    let bearer = format!("Bearer {token}");
    let rev = crate::stage::npm_rev(&server, &token, "remove");
    let gone = ask(&server, "DELETE", &format!("/npm/remove/-rev/{rev}"), Some(&bearer), b"");
    assert_eq!(gone.status, 200);
    let blind = format!("Bearer {yanker}");
    let asked = |name: &str| {
        let mut targets = vec![
            ("GET", format!("/npm/{name}/latest")),
            ("GET", format!("/npm/-/package/{name}/dist-tags")),
            ("GET", format!("/npm/-/package/{name}/visibility")),
            ("GET", format!("/npm/-/package/{name}/collaborators")),
            ("PUT", format!("/npm/-/package/{name}/dist-tags/beta")),
            ("DELETE", format!("/npm/-/package/{name}/dist-tags/beta")),
            ("DELETE", format!("/npm/{name}/-rev/1-0")),
            ("GET", format!("/cargo/api/v1/crates/{name}/owners")),
            ("DELETE", format!("/cargo/api/v1/crates/{name}/1.0.0/yank")),
            ("PUT", format!("/cargo/api/v1/crates/{name}/1.0.0/unyank")),
            ("GET", format!("/cargo/api/v1/crates?q={name}")),
            ("GET", format!("/npm/-/v1/search?text={name}")),
            ("GET", format!("/pypi/{name}/json")),
            ("GET", format!("/pypi/{name}/1.0.0/json")),
            ("GET", format!("/search?q={name}")),
        ];
        for eco in Eco::ALL {
            targets.push(("GET", eco.index(name)));
            targets.push(("GET", eco.file(name, "1.0.0")));
            targets.push(("HEAD", eco.file(name, "1.0.0")));
            targets.push(("GET", format!("/packages/{}/{name}", eco.id())));
            targets.push(("GET", format!("/withheld/{}/{name}@1.0.0", eco.id())));
        }
        targets
    };
    let told = |method: &str, target: &str, name: &str, authorization: Option<&str>| {
        let body: &[u8] = if method == "PUT" { b"\"1.0.0\"" } else { b"" };
        let answer = ask(&server, method, target, authorization, body);
        let mut headers: Vec<_> = answer.headers.clone();
        headers
            .retain(|(key, _)| !["x-request-id", "date", "content-length"].contains(&key.as_str()));
        let all = format!("{} {} {headers:?} {}", answer.status, answer.phrase, answer.text());
        assert!([401, 403].contains(&answer.status), "{method} {target}: {all}");
        assert!(!all.contains("1.0.0\""), "{method} {target}: {all}");
        all.replace(name, "NAME")
    };
    for authorization in [None, Some(blind.as_str())] {
        let missing: Vec<_> = asked("zzzzzz");
        for name in ["gadget", "remove"] {
            for ((method, there), (_, not_there)) in asked(name).iter().zip(&missing) {
                let known = told(method, there, name, authorization);
                let unknown = told(method, not_there, "zzzzzz", authorization);
                assert_eq!(known, unknown, "{method} {there}");
            }
        }
    }
    // The front page says nothing about how many there are.
    let home = http::get(server.address(), "/");
    assert_eq!(home.status, 200);
    assert!(!home.text().contains("published here"), "{}", home.text());
    let home = ask(&server, "GET", "/", Some(&bearer), b"");
    assert!(home.text().contains("published here"));
    for (target, secret) in
        [("/metrics", "gadget"), ("/healthz", "gadget"), ("/readyz", "gadget"), ("/docs", "gadget")]
    {
        assert!(!http::get(server.address(), target).text().contains(secret), "{target}");
    }
    // A shared cache must not keep what one reader may see.
    for target in
        [Eco::Npm.index("gadget"), Eco::Cargo.file("gadget", "1.0.0"), Eco::Pypi.index("gadget")]
    {
        let answer = ask(&server, "GET", &target, Some(&bearer), b"");
        let rule = answer.header("cache-control").unwrap();
        assert!(rule.contains("private"), "{target}: {rule}");
    }
}
