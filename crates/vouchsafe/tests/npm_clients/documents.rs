//! Packuments and tarballs as they go over the wire.

use vouchsafe_testkit::packages;

use crate::stage::Stage;

const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
const INSTALLER: (&str, &str) =
    ("accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*");

#[test]
fn a_scoped_name_is_found_in_every_encoding() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("@acme/left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/@acme%2fleft-lib", &body).status, 201);
    let packument = stage.packument("@acme/left-lib");
    assert_eq!(
        packument["versions"]["1.0.0"]["dist"]["tarball"],
        format!("{}/@acme/left-lib/-/left-lib-1.0.0.tgz", stage.base())
    );
    let names = [
        "@acme%2fleft-lib",
        "@acme%2Fleft-lib",
        "@acme/left-lib",
        "%40acme%2Fleft-lib",
        "%40acme/left-lib",
    ];
    let tarball = packages::npm_tarball("@acme/left-lib", "1.0.0");
    for name in names {
        assert_eq!(stage.ask("GET", &format!("/{name}"), b"").json(), packument, "{name}");
        let latest = stage.ask("GET", &format!("/{name}/latest"), b"");
        assert_eq!(latest.json()["version"], "1.0.0", "{name}");
        for file in ["left-lib-1.0.0.tgz", "@acme/left-lib-1.0.0.tgz", "@acme%2fleft-lib-1.0.0.tgz"]
        {
            let answer = stage.ask("GET", &format!("/{name}/-/{file}"), b"");
            assert_eq!((answer.status, answer.body == tarball), (200, true), "{name} {file}");
        }
        let tags = stage.ask("GET", &format!("/-/package/{name}/dist-tags"), b"");
        assert_eq!(tags.json()["latest"], "1.0.0", "{name}");
    }
    // Decoded twice, it would be the same package; climbing out of it would be another one.
    for other in ["@acme%252fleft-lib", "@acme%5cleft-lib", "@acme%2f..%2fleft-lib", "left-lib"] {
        let status = stage.ask("GET", &format!("/{other}"), b"").status;
        assert!([400, 404].contains(&status), "{other}: {status}");
    }
}

#[test]
fn both_packument_forms_have_tags_of_their_own_and_answer_304() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    let mut tags = Vec::new();
    for (accept, content_type) in
        [(("accept", "*/*"), "application/json"), (INSTALLER, ABBREVIATED)]
    {
        for encoding in [None, Some(("accept-encoding", "gzip, deflate, br"))] {
            let mut headers = vec![accept];
            headers.extend(encoding);
            let get = |headers: &[(&str, &str)]| {
                stage.ask_as(Some(&stage.token), "GET", "/left-lib", headers, b"")
            };
            let answer = get(&headers);
            assert_eq!(answer.header("content-type"), Some(content_type));
            let vary = answer.header("vary").unwrap().to_ascii_lowercase();
            let mut varies: Vec<&str> = vary.split(',').map(str::trim).collect();
            varies.sort_unstable();
            assert_eq!(varies, ["accept", "accept-encoding", "authorization"]);
            let is_gzip = answer.body.starts_with(&[0x1f, 0x8b]);
            assert_eq!(is_gzip, encoding.is_some());
            assert_eq!(answer.header("content-encoding"), encoding.map(|_| "gzip"));

            let tag = answer.header("etag").unwrap().to_owned();
            headers.push(("if-none-match", &tag));
            let unchanged = get(&headers);
            assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
            assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
            let head = stage.ask_as(Some(&stage.token), "HEAD", "/left-lib", &headers[..1], b"");
            assert_eq!((head.status, head.body.len()), (200, 0));
            tags.push(tag);
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");

    // A tag of what was there before is no use afterwards.
    let body = packages::npm_publish_body("left-lib", "1.1.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    for tag in &tags {
        let headers = [("if-none-match", tag.as_str())];
        let answer = stage.ask_as(Some(&stage.token), "GET", "/left-lib", &headers, b"");
        assert_eq!(answer.status, 200, "{tag}");
    }
}

#[test]
fn the_abbreviated_form_has_what_installers_read_and_no_more() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    let full = stage.packument("left-lib");
    let short = stage.ask_as(Some(&stage.token), "GET", "/left-lib", &[INSTALLER], b"").json();
    let mut keys: Vec<_> = short.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["dist-tags", "modified", "name", "time", "versions"]);
    assert_eq!(short["modified"], full["time"]["modified"]);
    assert!(short["modified"].as_str() >= full["time"]["1.0.0"].as_str());
    let version = &short["versions"]["1.0.0"];
    assert_eq!(version["dist"], full["versions"]["1.0.0"]["dist"]);
    assert!(version.get("license").is_none() && version.get("_id").is_none(), "{version}");
    // A document that is read in order to be changed is always the full one.
    let writable =
        stage.ask_as(Some(&stage.token), "GET", "/left-lib?write=true", &[INSTALLER], b"");
    assert_eq!(writable.header("content-type"), Some("application/json"));
    assert_eq!(writable.json()["_rev"], full["_rev"]);
}

#[test]
fn a_tarball_is_sent_as_it_was_published() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    let tarball = packages::npm_tarball("left-lib", "1.0.0");
    let path = "/left-lib/-/left-lib-1.0.0.tgz";
    let get = |headers: &[(&str, &str)]| stage.ask_as(None, "GET", path, headers, b"");
    let answer = get(&[("accept-encoding", "gzip")]);
    assert_eq!((answer.status, &answer.body), (200, &tarball));
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.header("content-encoding"), None);
    let cache = answer.header("cache-control").unwrap();
    assert!(cache.contains("immutable") || cache.contains("no-cache"), "{cache}");
    let tag = answer.header("etag").unwrap().to_owned();
    assert_eq!(get(&[("if-none-match", &tag)]).status, 304);
    let part = get(&[("range", "bytes=2-5")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &tarball[2..6]));
    for missing in ["left-lib-1.0.1.tgz", "right-lib-1.0.0.tgz", "left-lib-1.0.0.tgz.sig"] {
        assert_eq!(
            stage.ask("GET", &format!("/left-lib/-/{missing}"), b"").status,
            404,
            "{missing}"
        );
    }
}
