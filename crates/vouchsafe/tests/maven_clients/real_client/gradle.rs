//! Gradle 4.4, as Debian has it: resolving, and publishing with its `maven` plugin. What later
//! ones send is in `deploy.rs`.

use std::path::PathBuf;

use vouchsafe_testkit::Ran;
use vouchsafe_testkit::sandbox::find;

use super::project::project;
use crate::stage::{Home, Stage};
use crate::wire::Release;

/// Debian's Gradle was built without what sends over HTTP. The old plugin can be given it.
const TRANSPORT: [&str; 7] = [
    "maven-resolver-transport-wagon",
    "wagon-http",
    "wagon-http-shared",
    "httpclient",
    "httpcore",
    "commons-io",
    "jcl-over-slf4j",
];

fn transport() -> String {
    let gradle = find("gradle").canonicalize().unwrap();
    let share: PathBuf = gradle.ancestors().nth(3).unwrap().into();
    let jars =
        TRANSPORT.map(|name| format!("'{}'", share.join(format!("java/{name}.jar")).display()));
    jars.join(", ")
}

/// Prints which files a dependency comes to. Which repository is asked is the work of the init
/// script that `vouchsafe client setup` has written.
pub(super) fn resolve(home: &Home, name: &str, dependency: &str) -> Ran {
    let consumer = project(home, name);
    consumer.write("settings.gradle", "");
    consumer.write(
        "build.gradle",
        &format!(
            "apply plugin: 'java'\n\
             repositories {{ mavenCentral() }}\n\
             dependencies {{ compile '{dependency}' }}\n\
             configurations.all {{ resolutionStrategy.cacheChangingModulesFor 0, 'seconds' }}\n\
             task resolved {{ doLast {{ configurations.compile.each {{ println \"resolved $it.name\" }} }} }}\n"
        ),
    );
    home.gradle(&consumer.dir, &["resolved", "--refresh-dependencies"])
}

#[test]
fn gradle_resolves_versions_ranges_and_snapshots() {
    let stage = Stage::new("");
    for version in ["1.0", "1.1", "2.0"] {
        stage.ada().deploy(&Release::jar("com.acme", "lib", version));
    }
    let home = stage.another_home(None);
    resolve(&home, "exact", "com.acme:lib:1.0").ok().says("resolved lib-1.0.jar");
    resolve(&home, "dynamic", "com.acme:lib:1.+").ok().says("resolved lib-1.1.jar");
    resolve(&home, "latest", "com.acme:lib:latest.release").ok().says("resolved lib-2.0.jar");
    for build in ["20260102.030405-1", "20260103.030405-2"] {
        stage.ada().deploy(&Release::snapshot("com.acme", "snap", "1.0", build));
        let resolved = resolve(&home, "snapshot", "com.acme:snap:1.0-SNAPSHOT").ok();
        resolved.says(&format!("/snap-1.0-{build}.jar")).says("resolved snap-1.0-SNAPSHOT.jar");
    }
    let missing = resolve(&home, "missing", "com.acme:none:1.0").fails();
    missing.says("Could not find com.acme:none:1.0");
}

#[test]
fn gradle_publishes_releases_and_snapshots() {
    let stage = Stage::new("");
    let publisher = project(&stage.home, "publisher");
    publisher.write("settings.gradle", "rootProject.name = 'lib'\n");
    publisher.write("src/main/java/acme/Lib.java", "package acme; public class Lib { }\n");
    let publish = |version: &str| {
        let text = format!(
            "apply plugin: 'java'\n\
             apply plugin: 'maven'\n\
             group = 'com.acme'\n\
             version = '{version}'\n\
             configurations {{ transport }}\n\
             dependencies {{ transport files({}) }}\n\
             uploadArchives {{ repositories {{ mavenDeployer {{\n\
               configuration = configurations.transport\n\
               repository(url: '{}') {{ authentication(userName: 'ada', password: '{}') }}\n\
             }} }} }}\n",
            transport(),
            stage.repository(),
            stage.token,
        );
        publisher.write("build.gradle", &text);
        stage.home.gradle(&publisher.dir, &["uploadArchives"])
    };
    publish("1.0").ok();
    publish("1.1-SNAPSHOT").ok();
    publish("1.1-SNAPSHOT").ok();
    let home = stage.another_home(None);
    resolve(&home, "release", "com.acme:lib:1.0").ok().says("resolved lib-1.0.jar");
    let resolved = resolve(&home, "snapshot", "com.acme:lib:1.1-SNAPSHOT").ok();
    resolved.says("-2.jar").says("resolved lib-1.1-SNAPSHOT.jar");
    publisher.write("src/main/java/acme/Lib.java", "package acme; public class Lib { int a; }\n");
    publish("1.0").fails().says("409").says("a release never changes");
}
