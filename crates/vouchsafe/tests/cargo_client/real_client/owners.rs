//! `cargo owner`.

use crate::stage::{Stage, cargo_as};

#[test]
fn owners_are_listed_added_and_removed() {
    let stage = Stage::new("");
    stage.publish("shared", "0.1.0");
    let bob = stage.server.user_and_token("bob");
    let next = stage.krate("shared", "0.1.1").write();
    let owner = |args: &[&str]| next.cargo(&[&["owner", "--registry", "vouchsafe"], args].concat());
    assert_eq!(owner(&["--list"]).ok().stdout, "alice\n");

    next.publish_as(&bob).fails();
    owner(&["--add", "bob", "shared"]).ok().says("Owner added to `shared`");
    assert_eq!(owner(&["--list", "shared"]).ok().stdout, "alice\nbob\n");
    owner(&["--add", "bob"]).ok();
    next.publish_as(&bob).ok();

    owner(&["--remove", "bob"]).ok().says("removing [\"bob\"] from crate shared");
    assert_eq!(owner(&["--list"]).ok().stdout, "alice\n");
    let third = stage.krate("shared", "0.1.2").write();
    third.publish_as(&bob).fails().says("`bob` may not publish pkg:cargo/shared");
}

#[test]
fn the_last_owner_stays() {
    let stage = Stage::new("");
    stage.publish("mine", "0.1.0");
    let home = stage.home.home();
    let remove = ["owner", "--remove", "alice", "mine"];
    let ran = stage.home.run(home, "cargo", &remove).fails();
    ran.says("status 409").says("a package needs at least one owner; add another one first");
    let list = stage.home.run(home, "cargo", &["owner", "--list", "mine"]).ok();
    assert_eq!(list.stdout, "alice\n");
}

#[test]
fn only_owners_change_owners_and_only_accounts_become_some() {
    let stage = Stage::new("");
    stage.publish("mine", "0.1.0");
    let bob = stage.server.user_and_token("bob");
    let home = stage.home.home();
    cargo_as(&stage.home, home, &bob, &["owner", "--add", "bob", "mine"])
        .fails()
        .says("`bob` may not change the owners of pkg:cargo/mine: only its owners may");
    stage
        .home
        .run(home, "cargo", &["owner", "--add", "nobody-here", "mine"])
        .fails()
        .says("status 404")
        .says("there is no account `nobody-here`");
    // A change is made as a whole or not at all.
    stage
        .home
        .run(home, "cargo", &["owner", "--add", "bob", "--add", "nobody-here", "mine"])
        .fails();
    stage.home.run(home, "cargo", &["owner", "--list", "absent-crate"]).fails().says("status 404");
    let list = stage.home.run(home, "cargo", &["owner", "--list", "mine"]).ok();
    assert_eq!(list.stdout, "alice\n");
}
