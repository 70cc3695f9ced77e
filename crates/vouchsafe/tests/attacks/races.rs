//! Many at once: one wins, the others are told, and the store is as if they had come in order.

use std::sync::Barrier;

use serde_json::json;
use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::Answer;
use vouchsafe_testkit::packages;

use crate::stage::{Eco, Upload, ask, count_events, npm_rev, spooled_files, start};

const CROWD: usize = 16;

/// Sends all of them at the same moment.
fn at_once(server: &Server, uploads: &[(String, Upload)]) -> Vec<Answer> {
    let barrier = Barrier::new(uploads.len());
    std::thread::scope(|scope| {
        let send = |(token, upload): &'_ (String, Upload)| {
            let (token, upload, barrier) = (token.clone(), upload.clone(), &barrier);
            scope.spawn(move || {
                barrier.wait();
                upload.send(server, &token)
            })
        };
        let senders: Vec<_> = uploads.iter().map(send).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

/// The same release with other bytes each time.
fn variant(eco: Eco, name: &str, version: &str, place: usize) -> Vec<u8> {
    let word = format!("variant{place}");
    match eco {
        Eco::Pypi => packages::wheel_with(name, version, &format!("Keywords: {word}\n")),
        Eco::Npm => packages::tar_gz(&[
            (
                "package/package.json",
                json!({ "name": name, "version": version, "description": "A test package",
                    "main": "index.js", "license": "MIT" })
                .to_string()
                .as_bytes(),
            ),
            ("package/index.js", word.as_bytes()),
        ]),
        Eco::Cargo => {
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n"
            );
            packages::tar_gz(&[
                (&format!("{name}-{version}/Cargo.toml"), manifest.as_bytes()),
                (&format!("{name}-{version}/src/lib.rs"), word.as_bytes()),
            ])
        }
    }
}

fn conflict(eco: Eco) -> u16 {
    match eco {
        Eco::Cargo => 409,
        Eco::Npm => 403,
        Eco::Pypi => 400,
    }
}

fn versions_listed(server: &Server, eco: Eco, name: &str) -> usize {
    let answer = ask(server, "GET", &eco.index(name), None, b"");
    match eco {
        _ if answer.status == 404 => 0,
        Eco::Cargo => answer.text().lines().count(),
        Eco::Npm => answer.json()["versions"].as_object().unwrap().len(),
        Eco::Pypi => answer.text().matches("<a ").count(),
    }
}

#[test]
fn of_many_who_publish_one_version_exactly_one_wins() {
    let server = start("");
    let token = server.user_and_token("owner");
    for eco in Eco::ALL {
        for (name, is_new) in [("gadget", true), ("widget", false)] {
            if !is_new {
                assert!(eco.publish(&server, &token, name, "0.1.0").status < 300);
            }
            let uploads: Vec<_> = (0..CROWD)
                .map(|place| {
                    (token.clone(), eco.upload(name, "1.0.0", &variant(eco, name, "1.0.0", place)))
                })
                .collect();
            let answers = at_once(&server, &uploads);
            let winners: Vec<_> = (0..CROWD).filter(|place| answers[*place].status < 300).collect();
            assert_eq!(
                winners.len(),
                1,
                "{eco:?}: {:?}",
                answers.iter().map(|a| a.status).collect::<Vec<_>>()
            );
            for answer in answers.iter().filter(|answer| answer.status >= 300) {
                assert_eq!(answer.status, conflict(eco), "{eco:?}: {}", answer.text());
                eco.check_shape("/upload", answer);
            }
            let served = ask(&server, "GET", &eco.file(name, "1.0.0"), None, b"");
            assert_eq!(served.body, variant(eco, name, "1.0.0", winners[0]), "{eco:?}");
            assert_eq!(versions_listed(&server, eco, name), if is_new { 1 } else { 2 }, "{eco:?}");
            let subject = format!("pkg:{}/{name}@1.0.0", eco.id());
            assert_eq!(count_events(&server, "release.published", &subject), 1);
            assert_eq!(count_events(&server, "publish.refused", &subject), CROWD - 1);
        }
    }
    assert!(spooled_files(&server).is_empty());
    server.cli(&["fsck"]).ok();
}

#[test]
fn of_two_who_publish_a_new_name_one_owns_it() {
    let server = start("");
    let tokens = ["alice", "bob"].map(|user| (user, server.user_and_token(user)));
    for eco in Eco::ALL {
        for round in 0..4 {
            let name = format!("race{round}");
            let upload = |place: usize| {
                let version = format!("1.0.{place}");
                let (_, token) = &tokens[place % 2];
                (token.clone(), eco.upload(&name, &version, &eco.archive(&name, &version)))
            };
            let uploads: Vec<_> = (0..8).map(upload).collect();
            let answers = at_once(&server, &uploads);
            let won: Vec<_> = (0..8).filter(|place| answers[*place].status < 300).collect();
            let owner = won[0] % 2;
            assert!(won.iter().all(|place| place % 2 == owner), "{eco:?}: both publish {name}");
            for place in (0..8).filter(|place| place % 2 != owner) {
                assert_eq!(answers[place].status, 403, "{eco:?}: {}", answers[place].text());
                eco.check_shape("/upload", &answers[place]);
            }
            assert_eq!(versions_listed(&server, eco, &name), won.len());
            let created = format!("pkg:{}/{name}", eco.id());
            assert_eq!(count_events(&server, "package.created", &created), 1);
            if eco == Eco::Cargo {
                let target = format!("/cargo/api/v1/crates/{name}/owners");
                let owners = ask(&server, "GET", &target, None, b"").json();
                assert_eq!(owners["users"].as_array().unwrap().len(), 1);
                assert_eq!(owners["users"][0]["login"], tokens[owner].0);
            }
        }
    }
}

/// Two names that are one name, or look like one, to the ecosystem.
#[test]
fn of_many_look_alikes_one_is_taken() {
    let server = start("");
    let token = server.user_and_token("owner");
    let names = ["look-alike", "look_alike", "Look-Alike", "lookalike"];
    let uploads: Vec<_> = names
        .iter()
        .map(|name| {
            (token.clone(), Eco::Cargo.upload(name, "1.0.0", &packages::krate(name, "1.0.0")))
        })
        .collect();
    let answers = at_once(&server, &uploads[..3]);
    let won = answers.iter().filter(|answer| answer.status < 300).count();
    assert_eq!(won, 1, "{:?}", answers.iter().map(|a| (a.status, a.text())).collect::<Vec<_>>());
}

fn unpublish(server: &Server, token: &str, name: &str, rev: &str, keep: &[String]) -> Answer {
    let versions: serde_json::Map<_, _> = keep.iter().map(|v| (v.clone(), json!({}))).collect();
    let body = json!({ "_id": name, "name": name, "_rev": rev, "versions": versions }).to_string();
    let bearer = format!("Bearer {token}");
    ask(server, "PUT", &format!("/npm/{name}/-rev/{rev}"), Some(&bearer), body.as_bytes())
}

/// npm unpublishes by sending what shall stay. What was published after it looked is not in that
/// list, and must not go.
#[test]
fn an_unpublish_does_not_remove_what_was_published_meanwhile() {
    let server = start("");
    let token = server.user_and_token("owner");
    for version in ["1.0.0", "1.1.0"] {
        assert!(Eco::Npm.publish(&server, &token, "gadget", version).status < 300);
    }
    let seen = npm_rev(&server, &token, "gadget");
    assert!(Eco::Npm.publish(&server, &token, "gadget", "1.2.0").status < 300);
    let keep = ["1.1.0".to_owned()];
    let answer = unpublish(&server, &token, "gadget", &seen, &keep);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some("request.outdated"));
    assert_eq!(versions_listed(&server, Eco::Npm, "gadget"), 3);
    for foreign in ["1-0", "x", "0", "-1", "99999999999999999999"] {
        assert_eq!(unpublish(&server, &token, "gadget", foreign, &keep).status, 409, "{foreign}");
    }

    let published: Vec<String> = std::thread::scope(|scope| {
        let publish = |place: usize| {
            let (server, token) = (&server, &token);
            scope.spawn(move || {
                let version = format!("2.0.{place}");
                let answer = Eco::Npm.publish(server, token, "gadget", &version);
                (answer.status < 300).then_some(version)
            })
        };
        let publishers: Vec<_> = (0..8).map(publish).collect();
        let remover = scope.spawn(|| {
            for _ in 0..50 {
                let bearer = format!("Bearer {token}");
                let seen = ask(&server, "GET", "/npm/gadget?write=true", Some(&bearer), b"").json();
                let mut keep: Vec<String> =
                    seen["versions"].as_object().unwrap().keys().cloned().collect();
                keep.retain(|version| version != "1.0.0");
                let rev = seen["_rev"].as_str().unwrap();
                if unpublish(&server, &token, "gadget", rev, &keep).status < 300 {
                    return true;
                }
            }
            false
        });
        assert!(remover.join().unwrap(), "nothing could be unpublished");
        publishers.into_iter().filter_map(|publisher| publisher.join().unwrap()).collect()
    });
    let now = ask(&server, "GET", "/npm/gadget", None, b"").json();
    for version in published.iter().map(String::as_str).chain(["1.1.0", "1.2.0"]) {
        assert!(now["versions"].get(version).is_some(), "{version} is gone");
    }
    assert!(now["versions"].get("1.0.0").is_none());
    assert_eq!(Eco::Npm.publish(&server, &token, "gadget", "1.0.0").status, 403);
}

/// What policy withholds was not shown to the client that sends what shall stay.
#[test]
fn an_unpublish_does_not_remove_what_was_withheld() {
    let server = start("");
    let token = server.user_and_token("owner");
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        assert!(Eco::Npm.publish(&server, &token, "gadget", version).status < 300);
    }
    let deny = server.cli(&["policy", "deny", "pkg:npm/gadget@1.2.0", "--reason", "evidence"]).ok();
    let mut listed = 3;
    for _ in 0..2000 {
        listed = versions_listed(&server, Eco::Npm, "gadget");
        if listed == 2 {
            break;
        }
    }
    assert_eq!(listed, 2, "{}", deny.text());
    let rev = npm_rev(&server, &token, "gadget");
    let answer = unpublish(&server, &token, "gadget", &rev, &["1.1.0".to_owned()]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(count_events(&server, "release.removed", "gadget@1.0.0"), 1);
    assert_eq!(count_events(&server, "release.removed", "gadget@1.2.0"), 0);
}

fn owners(server: &Server, name: &str) -> Vec<String> {
    let answer =
        ask(server, "GET", &format!("/cargo/api/v1/crates/{name}/owners"), None, b"").json();
    let users = answer["users"].as_array().unwrap();
    users.iter().map(|user| user["login"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_owners_who_remove_each_other_leave_one() {
    let server = start("");
    let (alice, bob) = (server.user_and_token("alice"), server.user_and_token("bob"));
    for round in 0..6 {
        let name = format!("duel{round}");
        assert!(Eco::Cargo.publish(&server, &alice, &name, "1.0.0").status < 300);
        let target = format!("/cargo/api/v1/crates/{name}/owners");
        assert_eq!(ask(&server, "PUT", &target, Some(&alice), br#"{"users":["bob"]}"#).status, 200);
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            for (token, other) in [(&alice, "bob"), (&bob, "alice")] {
                let (server, target, barrier) = (&server, &target, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let body = json!({ "users": [other] }).to_string();
                    ask(server, "DELETE", target, Some(token), body.as_bytes());
                });
            }
        });
        let left = owners(&server, &name);
        assert_eq!(left.len(), 1, "{left:?}");
        let (out, inside) = if left[0] == "alice" { (&bob, &alice) } else { (&alice, &bob) };
        assert_eq!(Eco::Cargo.publish(&server, out, &name, "1.1.0").status, 403);
        assert!(Eco::Cargo.publish(&server, inside, &name, "1.1.0").status < 300);
        let body = json!({ "users": [left[0]] }).to_string();
        let answer = ask(&server, "DELETE", &target, Some(inside), body.as_bytes());
        assert_eq!(answer.status, 409, "{}", answer.text());
        assert_eq!(answer.header("x-vouchsafe-code"), Some("owners.last-owner"));
    }
}

/// An owner who was taken out does not come back with somebody's old list.
#[test]
fn an_old_list_of_owners_is_refused() {
    let server = start("");
    let alice = server.user_and_token("alice");
    ["mallory", "carol"].iter().for_each(|user| server.user(user));
    assert!(Eco::Npm.publish(&server, &alice, "gadget", "1.0.0").status < 300);
    let bearer = format!("Bearer {alice}");
    let put = |rev: &str, names: &[&str]| {
        let list: Vec<_> = names.iter().map(|name| json!({ "name": name, "email": "" })).collect();
        let body = json!({ "_id": "gadget", "_rev": rev, "maintainers": list }).to_string();
        ask(&server, "PUT", &format!("/npm/gadget/-rev/{rev}"), Some(&bearer), body.as_bytes())
            .status
    };
    assert_eq!(put(&npm_rev(&server, &alice, "gadget"), &["alice", "mallory"]), 200);
    let seen = npm_rev(&server, &alice, "gadget");
    assert_eq!(put(&seen, &["alice"]), 200);
    assert_eq!(put(&seen, &["alice", "mallory", "carol"]), 409);
    let owners = ask(&server, "GET", "/npm/-/package/gadget/collaborators", None, b"").json();
    assert_eq!(owners, json!({ "alice": "write" }));
}
