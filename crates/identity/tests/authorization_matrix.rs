//! The whole authorization matrix, written out: every kind of actor, every action, every situation.
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::{Actor, EcosystemId, PackageName, PackageRef, Scope, Scopes};
use vouchsafe_identity::authorize::{Action, Resource, authorize};

/// Letters of the actions, in the order of [`Action::ALL`]: Enter, Read, publish New, publish
/// Update, Yank, change Owners, remoVe, manage Tokens, Administer.
const LETTERS: &str = "ERNUYOVTA";

/// Per actor: what is granted when reading is private, for
/// (a package of their own, somebody else's, one that does not exist, no package at all).
#[rustfmt::skip]
const MATRIX: &[(&str, [&str; 4])] = &[
    ("anonymous",         ["---------", "---------", "---------", "---------"]),
    ("system",            ["ERNUYOVTA", "ERNUYOVTA", "ERNUYOVTA", "ERNUYOVTA"]),
    ("password",          ["ER-UYOVT-", "ER-----T-", "ERN----T-", "ER-----T-"]),
    ("password admin",    ["ER-UYOVTA", "ER--YOVTA", "ERN----TA", "ER-----TA"]),
    ("token all",         ["ER-UYOVT-", "ER-----T-", "ERN----T-", "ER-----T-"]),
    ("token all admin",   ["ER-UYOVTA", "ER--YOVTA", "ERN----TA", "ER-----TA"]),
    ("token none",        ["E--------", "E--------", "E--------", "E--------"]),
    ("token none admin",  ["E--------", "E--------", "E--------", "E--------"]),
    ("token read",        ["ER-------", "ER-------", "ER-------", "ER-------"]),
    ("token new",         ["E--------", "E--------", "E-N------", "E--------"]),
    ("token update",      ["E--U-----", "E--------", "E--------", "E--------"]),
    ("token yank",        ["E---Y-V--", "E--------", "E--------", "E--------"]),
    ("token yank admin",  ["E---Y-V--", "E---Y-V--", "E--------", "E--------"]),
    ("token owners",      ["E----O---", "E--------", "E--------", "E--------"]),
    ("token owners admin",["E----O---", "E----O---", "E--------", "E--------"]),
    ("matching all",      ["ER-UYOV--", "ER-------", "ERN------", "E--------"]),
    ("matching all admin",["ER-UYOV--", "ER--YOV--", "ERN------", "E--------"]),
    ("other all",         ["E--------", "E--------", "E--------", "E--------"]),
    ("other all admin",   ["E--------", "E--------", "E--------", "E--------"]),
];

fn actor(label: &str) -> Actor {
    let mut words = label.split(' ');
    let kind = words.next().unwrap();
    let scopes: Scopes = match words.next() {
        None | Some("all" | "admin") => Scopes::all(),
        Some("none") => Scopes::default(),
        Some(word) => {
            let scope = Scope::ALL.into_iter().find(|scope| scope.as_str().ends_with(word));
            scope.into_iter().collect()
        }
    };
    let packages = match kind {
        "anonymous" => return Actor::Anonymous,
        "system" => return Actor::System,
        "matching" => vec!["pkg:npm/other".parse().unwrap(), "pkg:npm/left*".parse().unwrap()],
        "other" => vec!["pkg:cargo/left-pad".parse().unwrap(), "pkg:npm/left".parse().unwrap()],
        _ => Vec::new(),
    };
    let token_id = "0191d5a0-0000-7000-8000-000000000002".parse().unwrap();
    Actor::Account(AccountActor {
        id: "0191d5a0-0000-7000-8000-000000000001".parse().unwrap(),
        name: "alice".parse().unwrap(),
        is_admin: label.ends_with("admin"),
        token_id: (kind != "password").then_some(token_id),
        scopes,
        packages,
        expires_at: None,
    })
}

fn granted(label: &str, resource: &Resource<'_>) -> String {
    let actor = actor(label);
    let letter = |(action, letter): (Action, char)| match authorize(&actor, action, resource) {
        Ok(()) => letter,
        Err(denied) => {
            assert!(!denied.reason.is_empty());
            assert_eq!(denied.could_authenticate, label == "anonymous", "{label} {action:?}");
            '-'
        }
    };
    Action::ALL.into_iter().zip(LETTERS.chars()).map(letter).collect()
}

fn situations(package: &PackageRef, read_is_public: bool) -> [Resource<'_>; 4] {
    let package = Some(package);
    [
        Resource { package, is_owner: true, read_is_public, exists: true },
        Resource { package, is_owner: false, read_is_public, exists: true },
        Resource { package, is_owner: false, read_is_public, exists: false },
        Resource { package: None, is_owner: false, read_is_public, exists: false },
    ]
}

fn left_pad() -> PackageRef {
    let name = PackageName::new("left-pad", "left-pad", "leftpad").unwrap();
    PackageRef { ecosystem: EcosystemId::from_static("npm"), name }
}

#[test]
fn the_matrix_holds_when_reading_is_private() {
    let package = left_pad();
    for (label, rows) in MATRIX {
        for (place, resource) in situations(&package, false).iter().enumerate() {
            assert_eq!(granted(label, resource), rows[place], "{label}, situation {place}");
        }
    }
}

#[test]
fn public_reading_adds_reading_and_nothing_else() {
    let package = left_pad();
    for (label, rows) in MATRIX {
        for (place, resource) in situations(&package, true).iter().enumerate() {
            let expected = format!("ER{}", &rows[place][2..]);
            assert_eq!(granted(label, resource), expected, "{label}, situation {place}");
        }
    }
}

/// Facts that contradict each other must not open anything: an owner of what does not exist.
#[test]
fn ownership_of_what_does_not_exist_grants_nothing() {
    let package = left_pad();
    let package = Some(&package);
    let resource = Resource { package, is_owner: true, read_is_public: false, exists: false };
    assert_eq!(granted("password", &resource), "ERN----T-");
}
