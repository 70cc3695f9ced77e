//! Public packages through this registry: a real build with the upstream, without it, and while
//! everything there is too young.

use std::sync::LazyLock;

use vouchsafe_testkit::packages::maven_checksums;
use vouchsafe_testkit::{FakeUpstream, Reply, Server, ServerOptions};

use super::gradle::resolve;
use super::project::{Project, consumer, dependencies};
use crate::stage::{BINARY, Home, Maven, Stage};
use crate::wire::{Release, upstream_metadata};

/// The configuration of an upstream, as `vouchsafe adopt` learns it from the Maven of this machine.
pub(crate) fn real_upstream() -> String {
    static UPSTREAM: LazyLock<String> = LazyLock::new(|| {
        let mut server = Server::start(BINARY, ServerOptions::default());
        server.stop();
        server.cli(&["adopt", "--ecosystem", "maven", "--keep-clients"]).ok();
        let text = std::fs::read_to_string(server.data_dir().join("vouchsafe.toml")).unwrap();
        assert!(text.contains("[upstreams.maven]"), "{text}");
        text
    });
    UPSTREAM.clone()
}

/// Packages with parents, a plugin that is not in the seed, and a class that needs them.
fn real_project<'a>(home: &'a Home, name: &str) -> Project<'a> {
    let more = dependencies(&[
        ("com.google.guava", "guava", "33.0.0-jre"),
        ("org.apache.commons", "commons-lang3", "3.14.0"),
        ("org.slf4j", "slf4j-simple", "2.0.9"),
    ]) + "<build><plugins><plugin><groupId>org.codehaus.mojo</groupId>\
          <artifactId>build-helper-maven-plugin</artifactId><version>3.5.0</version><executions>\
          <execution><phase>generate-sources</phase><goals><goal>maven-version</goal></goals>\
          </execution></executions></plugin></plugins></build>";
    let body = "Object a = com.google.common.collect.ImmutableList.of(\
                org.apache.commons.lang3.StringUtils.trim(\" a \"));";
    consumer(home, name, &more, body)
}

#[test]
fn a_real_project_builds_with_the_upstream_and_then_without() {
    // Another registry of the same kind stands in between, to be taken away.
    let mut between = Stage::new(&real_upstream());
    let url = between.repository();
    let stage = Stage::new(&format!(
        "[upstreams.maven]\nurl = \"{url}\"\nallow_private_network = true\nindex_ttl_secs = 0\n"
    ));
    let first = stage.another_home(None);
    let project = real_project(&first, "p");
    first.mvn(Maven::V3_9, &project.dir, &["package"]).ok();
    project.has("target/user-1.jar");
    between.server.kill();
    let second = stage.another_home(None);
    let project = real_project(&second, "p");
    second.mvn(Maven::V3_9, &project.dir, &["package"]).ok();
    project.has("target/user-1.jar");
}

/// `org.known:lib` in 1.0 (old) and 1.1 (of 2024), with a cooldown that lies between.
fn cooling() -> (FakeUpstream, Stage) {
    let upstream = FakeUpstream::start();
    let base = "/repo/org/known/lib";
    for (version, at) in
        [("1.0", "Mon, 03 Jan 2011 04:05:06 GMT"), ("1.1", "Sat, 01 Jun 2024 00:00:00 GMT")]
    {
        for (name, bytes) in Release::jar("org.known", "lib", version).files {
            let path = format!("{base}/{version}/{name}");
            let sha1 = maven_checksums(&bytes)[1].1.clone();
            upstream.on(&format!("{path}.sha1"), Reply::ok("text/plain", sha1));
            let file = Reply::ok("application/octet-stream", bytes);
            upstream.on(&path, file.header("last-modified", at));
        }
    }
    let text = upstream_metadata("org.known", "lib", &["1.0", "1.1"], "20240601000000");
    upstream.on(&format!("{base}/maven-metadata.xml"), Reply::ok("text/xml", text));
    let stage = Stage::new(&format!(
        "[upstreams.maven]\nurl = \"{}/repo/\"\nallow_private_network = true\n\
         [policy]\ncooldown = \"5000d\"\n",
        upstream.url()
    ));
    (upstream, stage)
}

const WHY: &str = "org.known/lib@1.1 is younger than 5000 days and will be served from 2038-";

#[test]
fn maven_takes_an_older_version_of_a_range_and_reads_why_a_young_one_is_refused() {
    let (_upstream, stage) = cooling();
    for maven in [Maven::V3_9, Maven::V4] {
        let home = stage.another_home(None);
        let resolve = |name: &str, version: &str| {
            let more = dependencies(&[("org.known", "lib", version)]);
            let user = consumer(&home, name, &more, "");
            home.mvn(maven, &user.dir, &["compile"])
        };
        resolve("range", "[1,2)").ok();
        let local = home.sandbox.home().join(format!("{maven:?}/org/known/lib/1.0/lib-1.0.jar"));
        assert!(local.is_file(), "{maven:?} resolved another version");
        resolve("pinned", "1.1").fails().says("403").says(WHY);
    }
}

#[test]
fn gradle_takes_an_older_version_and_reads_why_a_young_one_is_refused() {
    let (_upstream, stage) = cooling();
    let home = stage.another_home(None);
    resolve(&home, "dynamic", "org.known:lib:1.+").ok().says("resolved lib-1.0.jar");
    resolve(&home, "pinned", "org.known:lib:1.1").fails().says("403").says(WHY);
}
