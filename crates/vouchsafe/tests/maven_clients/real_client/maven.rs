//! `mvn deploy` and what resolves afterwards.

use std::process::Stdio;

use vouchsafe_testkit::Ran;

use super::project::{Project, any_file, consumer, dependencies, modules, repositories};
use crate::stage::{Home, Maven, Stage};
use crate::wire::Release;

/// Deploys a project to where `vouchsafe client setup` says.
fn deploy(stage: &Stage, maven: Maven, project: &Project<'_>) -> Ran {
    let url = stage.repository();
    let to = match maven {
        Maven::V3_8 => format!("-DaltDeploymentRepository=vouchsafe::default::{url}"),
        _ => format!("-DaltDeploymentRepository=vouchsafe::{url}"),
    };
    project.home.mvn(maven, &project.dir, &["deploy", &to])
}

/// Compiles a class against `com.acme:app` in a home that has nothing yet.
#[track_caller]
fn check_resolves(stage: &Stage, home: &Home, maven: Maven, version: &str, resolved: &str) {
    let more = dependencies(&[("com.acme", "app", version)]) + &repositories(&stage.repository());
    let name = format!("consumer-{maven:?}-{resolved}");
    let body = "int a = acme.App.ANSWER + acme.Core.answer();";
    let consumer = consumer(home, &name, &more, body);
    home.mvn(maven, &consumer.dir, &["compile"]).ok();
    consumer.has("target/classes/user/User.class");
    let fetched =
        home.sandbox.home().join(format!("{maven:?}")).join("com/acme/core").join(resolved);
    assert!(any_file(&fetched, "core-"), "{} is missing", fetched.display());
}

#[test]
fn a_release_of_maven_3_8_is_resolved_by_all() {
    let stage = Stage::new("");
    deploy(&stage, Maven::V3_8, &modules(&stage.home, "p", "1.0.0")).ok();
    for maven in [Maven::V3_8, Maven::V3_9, Maven::V4] {
        let home = stage.another_home(None);
        check_resolves(&stage, &home, maven, "1.0.0", "1.0.0");
    }
    // The same again from another build: what was built anew has other bytes.
    let changed = modules(&stage.home, "p", "1.0.0");
    changed.write("core/src/main/resources/added.txt", "added");
    let refused = deploy(&stage, Maven::V3_8, &changed).fails();
    refused.says("409").says("com.acme/core@1.0.0").says("a release never changes");
}

#[test]
fn a_release_of_maven_3_9_is_resolved_by_a_range() {
    let stage = Stage::new("");
    for version in ["1.1.0", "2.0.0"] {
        deploy(&stage, Maven::V3_9, &modules(&stage.home, "p", version)).ok();
    }
    let home = stage.another_home(None);
    check_resolves(&stage, &home, Maven::V3_9, "[1,2)", "1.1.0");
    let changed = modules(&stage.home, "p", "1.1.0");
    changed.write("core/src/main/resources/added.txt", "added");
    let refused = deploy(&stage, Maven::V3_9, &changed).fails();
    refused.says("409").says("com.acme/core@1.1.0").says("a release never changes");
}

#[test]
fn a_release_of_maven_4_is_resolved_by_older_ones() {
    let stage = Stage::new("");
    deploy(&stage, Maven::V4, &modules(&stage.home, "p", "1.0.0")).ok();
    let home = stage.another_home(None);
    check_resolves(&stage, &home, Maven::V3_9, "[1,2)", "1.0.0");
    let changed = modules(&stage.home, "p", "1.0.0");
    changed.write("core/src/main/resources/added.txt", "added");
    // It does not show more of an upload than this.
    deploy(&stage, Maven::V4, &changed).fails().says("HTTP Status: 409");
}

#[test]
fn snapshots_go_back_and_forth_between_all_mavens() {
    let stage = Stage::new("");
    for (number, maven) in [Maven::V3_8, Maven::V3_9, Maven::V4].into_iter().enumerate() {
        let project = modules(&stage.home, "p", "1.1.0-SNAPSHOT");
        deploy(&stage, maven, &project).ok();
        let text = stage.anybody().get("com/acme/core/1.1.0-SNAPSHOT/maven-metadata.xml").text();
        let expected = format!("<buildNumber>{}</buildNumber>", number + 1);
        assert!(text.contains(&expected), "{maven:?}: {text}");
    }
    let home = stage.another_home(None);
    check_resolves(&stage, &home, Maven::V3_9, "1.1.0-SNAPSHOT", "1.1.0-SNAPSHOT");
    check_resolves(&stage, &home, Maven::V4, "1.1.0-SNAPSHOT", "1.1.0-SNAPSHOT");
}

#[test]
fn who_deploys_without_a_right_reads_why() {
    let stage = Stage::new("");
    deploy(&stage, Maven::V3_9, &modules(&stage.home, "p", "1.0.0")).ok();
    let bob = stage.another_home(Some(&stage.server.user_and_token("bob")));
    let refused = deploy(&stage, Maven::V3_9, &modules(&bob, "p", "1.0.1")).fails();
    refused.says("403").says("only its owners may");
    let nobody = stage.another_home(None);
    let refused = deploy(&stage, Maven::V3_9, &modules(&nobody, "p", "1.0.1")).fails();
    refused.says("401");
    assert_eq!(stage.anybody().get("com/acme/core/1.0.1/core-1.0.1.jar").status, 404);
}

#[test]
fn a_maven_that_is_killed_publishes_nothing_and_the_next_one_does() {
    let stage = Stage::new("");
    let project = modules(&stage.home, "p", "1.0.0");
    let to = format!("-DaltDeploymentRepository=vouchsafe::{}", stage.repository());
    let mut command = stage.home.mvn_command(Maven::V3_9, &project.dir, &["deploy", &to]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // From the first file that the server has taken until the last there is time enough.
    while !stage.server.log().contains("method=PUT") && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    let _ = child.wait();
    for module in ["core", "app"] {
        let directory = format!("com/acme/{module}/1.0.0/{module}-1.0.0");
        let seen = ["jar", "pom"]
            .map(|extension| stage.anybody().get(&format!("{directory}.{extension}")).status);
        assert!(seen == [200, 200] || seen == [404, 404], "{module}: {seen:?}");
    }
    deploy(&stage, Maven::V3_9, &project).ok();
    let home = stage.another_home(None);
    check_resolves(&stage, &home, Maven::V3_9, "1.0.0", "1.0.0");
}

/// Resolvers from 2.0.10 on fetch the list by themselves; the one of this Maven 4 is given it.
#[test]
fn the_list_of_groups_keeps_maven_4_from_asking_for_others() {
    let stage = Stage::new("");
    stage.ada().deploy(&Release::jar("com.acme", "lib", "1.0"));
    let home = stage.another_home(None);
    // Maven does not filter what a mirror stands for.
    home.sandbox.write(".m2/settings.xml", "<settings/>");
    let list = stage.anybody().get(".meta/prefixes.txt").text();
    home.sandbox.write("V4/.remoteRepositoryFilters/prefixes-central.txt", &list);
    let url = stage.repository();
    let central = format!(
        "<repositories><repository><id>central</id><url>{url}</url></repository></repositories>\
         <pluginRepositories><pluginRepository><id>central</id><url>{url}</url>\
         </pluginRepository></pluginRepositories>"
    );
    let resolve = |name: &str, group: &str| {
        let more = dependencies(&[(group, "lib", "1.0")]) + &central;
        let consumer = consumer(&home, name, &more, "");
        let filter = "-Daether.remoteRepositoryFilter.prefixes=true";
        home.mvn(Maven::V4, &consumer.dir, &["compile", filter])
    };
    resolve("friend", "com.acme").ok();
    let refused = resolve("stranger", "org.elsewhere").fails();
    refused.says("Prefix org").says("NOT allowed from");
}
