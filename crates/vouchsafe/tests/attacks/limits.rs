//! Uploads that are too large, not allowed, or cut off in the middle: nothing of them is kept.

use vouchsafe_testkit::Server;
use vouchsafe_testkit::http;

use crate::bodies::Stage;
use crate::stage::{Eco, ask, count_events, picture, spooled_files};

const NAME: &str = "gadget";

#[test]
fn what_is_too_large_is_refused_before_it_is_kept() {
    let stage = Stage::new(
        "[ecosystems.cargo]\nmax_artifact_mb = 1\n[ecosystems.npm]\nmax_artifact_mb = 1\n\
         [ecosystems.pypi]\nmax_artifact_mb = 1\n",
    );
    let noise: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for eco in Eco::ALL {
        let answer = stage.check("three megabytes", eco, &eco.upload(NAME, "1.0.0", &noise));
        assert_eq!(answer.status, 413, "{}", answer.text());
    }
    let bearer = format!("Bearer {}", stage.token);
    let huge = format!("{{\"users\":[\"{}\"]}}", "x".repeat(200_000));
    for (method, target) in [
        ("PUT", "/cargo/api/v1/crates/gadget/owners"),
        ("PUT", "/npm/-/package/gadget/dist-tags/next"),
        ("POST", "/npm/-/npm/v1/tokens"),
    ] {
        let answer = ask(&stage.server, method, target, Some(&bearer), huge.as_bytes());
        assert_eq!(answer.status, 413, "{target}: {}", answer.text());
    }
    for target in ["/login", "/me"] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("name=owner&password={}", "x".repeat(100_000));
        let answer = http::send(stage.server.address(), "POST", target, &headers, body.as_bytes());
        assert_eq!(answer.status, 413, "{target}");
    }
    assert!(spooled_files(&stage.server).is_empty());
}

#[test]
fn an_upload_without_a_right_to_publish_is_never_spooled() {
    let stage = Stage::new("");
    let reader = stage.server.token("owner", &["--scope", "read"]);
    for eco in Eco::ALL {
        let before = picture(&stage.server, &stage.token, NAME, &["1.0.0"]);
        let noise = vec![7; 3_000_000];
        let upload = eco.upload(NAME, "1.0.0", &noise);
        assert_eq!(upload.send(&stage.server, &reader).status, 403);
        let headers = [("content-type", upload.content_type.as_str())];
        let answer = http::send(
            stage.server.address(),
            upload.method,
            &upload.target,
            &headers,
            &upload.body,
        );
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(picture(&stage.server, &stage.token, NAME, &["1.0.0"]), before);
    }
    assert!(spooled_files(&stage.server).is_empty());
}

/// A client that goes away in the middle leaves nothing: no release, no file.
#[test]
fn an_upload_that_is_cut_off_leaves_nothing() {
    let stage = Stage::new("");
    let noise: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for eco in Eco::ALL {
        let before = picture(&stage.server, &stage.token, NAME, &["1.0.0"]);
        let upload = eco.upload(NAME, "1.0.0", &noise);
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\n\
             content-length: {}\r\n\r\n",
            upload.method,
            upload.target,
            stage.token,
            upload.content_type,
            upload.body.len()
        );
        let mut stream = std::net::TcpStream::connect(stage.server.address()).unwrap();
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        std::io::Write::write_all(&mut stream, &upload.body[..upload.body.len() / 2]).unwrap();
        wait_until(&stage.server, || !spooled_files(&stage.server).is_empty());
        drop(stream);
        wait_until(&stage.server, || spooled_files(&stage.server).is_empty());
        assert_eq!(picture(&stage.server, &stage.token, NAME, &["1.0.0"]), before, "{eco:?}");
        let answer = eco.publish(&stage.server, &stage.token, NAME, "1.0.0");
        assert!(answer.status < 300, "{eco:?}: {}", answer.text());
    }
}

/// Asks something else meanwhile, until this is so.
fn wait_until(server: &Server, is_so: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if is_so() {
            return;
        }
        assert_eq!(http::get(server.address(), "/healthz").status, 200);
    }
    panic!("it never came to that");
}

/// What is refused before its release is known is on record too: once per account and reason, so
/// that nobody fills the store with it, and not at all for strangers.
#[test]
fn an_upload_that_is_refused_while_it_arrives_is_recorded_once() {
    let stage = Stage::new(
        "[ecosystems.cargo]\nmax_artifact_mb = 1\n[ecosystems.npm]\nmax_artifact_mb = 1\n\
         [ecosystems.pypi]\nmax_artifact_mb = 1\n",
    );
    let reader = stage.server.token("owner", &["--scope", "read"]);
    let refused =
        |eco: Eco| count_events(&stage.server, "publish.refused", &format!("pkg:{}/*", eco.id()));
    let everything = || count_events(&stage.server, "", "");
    for eco in Eco::ALL {
        let good = eco.upload(NAME, "1.0.0", &eco.archive(NAME, "1.0.0"));
        let large = eco.upload(NAME, "1.0.0", &vec![7; 3_000_000]);
        let mut cut = good.clone();
        cut.body.truncate(good.body.len() / 2);
        for (kinds, (token, upload)) in
            [(&stage.token, &large), (&reader, &good), (&stage.token, &cut)].iter().enumerate()
        {
            for _ in 0..5 {
                let answer = upload.send(&stage.server, token);
                assert!(answer.status >= 400, "{eco:?}: {}", answer.text());
            }
            assert_eq!(refused(eco), kinds + 1, "{eco:?}");
        }
        let before = everything();
        for upload in [&good, &large, &cut] {
            let headers = [("content-type", upload.content_type.as_str())];
            let send = || {
                let (method, target) = (upload.method, &upload.target);
                http::send(stage.server.address(), method, target, &headers, &upload.body)
            };
            assert!(send().status >= 400, "{eco:?}");
        }
        assert_eq!(everything(), before, "{eco:?}: a stranger left an event");
    }
    // Without a file npm's request is read to its end before it is refused.
    let before = everything();
    let manifest = r#"{"name":"gadget","versions":{"1.0.0":{"name":"gadget","version":"1.0.0"}}}"#;
    let answer = ask(&stage.server, "PUT", "/npm/gadget", None, manifest.as_bytes());
    assert!(answer.status >= 400, "{}", answer.text());
    assert_eq!(everything(), before, "a stranger left an event");
}
