//! Guessing: refused credentials are counted, and whoever guesses has to wait.

use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::{self, Answer};

use crate::stage::{count_events, start};

const PASSWORD: &str = "correct horse battery";

fn sign_in(server: &Server, from: Option<&str>, name: &str, password: &str) -> Answer {
    let body = serde_json::json!({ "name": name, "password": password }).to_string();
    let target = format!("/npm/-/user/org.couchdb.user:{name}");
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(from.map(|from| ("x-forwarded-for", from)));
    http::send(server.address(), "PUT", &target, &headers, body.as_bytes())
}

#[test]
fn a_guesser_has_to_wait_and_writes_few_events() {
    let server = start("");
    server.user_with_password("owner", PASSWORD);
    let refused: Vec<_> = (0..14).map(|_| sign_in(&server, None, "owner", "wrong")).collect();
    assert_eq!(refused[0].status, 401);
    let last = refused.last().unwrap();
    assert_eq!(last.status, 429, "{}", last.text());
    assert_eq!(last.header("x-vouchsafe-code"), Some("auth.throttled"));
    assert!(last.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert!(!last.json()["error"].as_str().unwrap().is_empty());
    // The right password has to wait, too: else the answer would tell that it is right.
    assert_eq!(sign_in(&server, None, "owner", PASSWORD).status, 429);
    let events = count_events(&server, "credential.refused", "owner");
    assert!((1..=4).contains(&events), "{events} events");
}

#[test]
fn guesses_that_come_all_at_once_are_counted_too() {
    let server = start("");
    server.user_with_password("owner", PASSWORD);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guess = |place: usize| {
            let server = &server;
            scope.spawn(move || sign_in(server, None, "owner", &format!("wrong {place}")).status)
        };
        let guesses: Vec<_> = (0..32).map(guess).collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    // Eight are free, and two are looked at side by side.
    assert!(looked_at <= 12, "{looked_at} of 32 guesses were looked at: {statuses:?}");
}

#[test]
fn artifact_keeper_ghsa_8jm4_a_stranger_cannot_choose_its_address() {
    let server = start("");
    let guess = |place: u32| {
        let (from, name) = (format!("203.0.113.{place}"), format!("nobody{place}"));
        sign_in(&server, Some(&from), &name, "wrong").status
    };
    let statuses: Vec<u16> = (0..30).map(guess).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[test]
fn behind_a_trusted_proxy_each_client_is_counted_by_itself() {
    let server = start("[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let guess = |from: &str, name: &str| sign_in(&server, Some(from), name, "wrong").status;
    // What the client wrote stands left of what the proxy added, and is not believed.
    let spoofed =
        |place: u32| guess(&format!("198.51.100.{place}, 203.0.113.7"), &format!("no{place}"));
    let statuses: Vec<u16> = (0..30).map(spoofed).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(guess("203.0.113.8", "nobody"), 401);
}

/// Many addresses do not help against one account.
#[test]
fn an_account_is_protected_from_many_addresses() {
    let server = start("[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    server.user_with_password("owner", PASSWORD);
    let guess =
        |place: u32| sign_in(&server, Some(&format!("203.0.113.{place}")), "owner", "wrong");
    let statuses: Vec<u16> = (0..14).map(|place| guess(place).status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

/// The name of an account is no secret worth a difference in the answer, but there is none.
#[test]
fn an_unknown_account_is_answered_like_a_wrong_password() {
    let server = start("");
    server.user_with_password("owner", PASSWORD);
    let known = sign_in(&server, None, "owner", "wrong");
    let unknown = sign_in(&server, None, "nobody", "wrong");
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    // A password typed as a name is not kept.
    sign_in(&server, None, "hunter2-hunter2", "x");
    assert_eq!(count_events(&server, "credential.refused", "hunter2"), 0);
}

/// A sign-in that a browser finishes costs a row and needs no credential: it is counted, too.
#[test]
fn starting_sign_ins_is_limited() {
    let server = start("");
    let begin = || http::send(server.address(), "POST", "/npm/-/v1/login", &[], b"{}").status;
    let statuses: Vec<u16> = (0..110).map(|_| begin()).collect();
    assert_eq!(statuses[0], 200);
    assert!(statuses.contains(&429), "{statuses:?}");
}
