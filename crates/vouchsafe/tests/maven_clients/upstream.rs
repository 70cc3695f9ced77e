//! An upstream that is hostile, incomplete or gone.

use vouchsafe_testkit::packages::maven_checksums;
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, events};
use crate::wire::{Release, upstream_metadata};

const LONG_AGO: &str = "Mon, 03 Jan 2011 04:05:06 GMT";

fn stage_over(upstream: &FakeUpstream, more: &str) -> Stage {
    Stage::new(&format!(
        "[upstreams.maven]\nurl = \"{}/repo/\"\nallow_private_network = true\n{more}",
        upstream.url()
    ))
}

/// Puts files up, each with its SHA-1.
fn offer(upstream: &FakeUpstream, release: &Release) {
    for (name, bytes) in &release.files {
        let path = format!("/repo/{}/{name}", release.directory());
        let file = Reply::ok("application/octet-stream", bytes.clone());
        upstream.on(&path, file.header("last-modified", LONG_AGO));
        let sha1 = maven_checksums(bytes)[1].1.clone();
        upstream.on(&format!("{path}.sha1"), Reply::ok("text/plain", sha1));
    }
}

fn offer_versions(upstream: &FakeUpstream, group: &str, artifact: &str, versions: &[&str]) {
    for version in versions {
        offer(upstream, &Release::jar(group, artifact, version));
    }
    let path = format!("/repo/{}/{artifact}/maven-metadata.xml", group.replace('.', "/"));
    let text = upstream_metadata(group, artifact, versions, "20110103040506");
    upstream.on(&path, Reply::ok("text/xml", text));
}

/// Claims names while the server is down, so that it knows of them from its first request.
fn claim(stage: &mut Stage, patterns: &[&str]) {
    stage.server.stop();
    for pattern in patterns {
        stage.server.cli(&["claim", "add", pattern, "--reason", "ours"]).ok();
    }
    stage.server.up();
}

fn asked_for(upstream: &FakeUpstream, part: &str) -> Vec<String> {
    let requests = upstream.requests().into_iter().map(|(path, _)| path);
    requests.filter(|path| path.contains(part)).collect()
}

#[test]
fn a_package_that_is_published_here_is_never_asked_for_upstream() {
    let upstream = FakeUpstream::start();
    offer_versions(&upstream, "com.acme", "lib", &["1.0", "9.9"]);
    let mut stage = stage_over(&upstream, "");
    // Otherwise a name that the upstream has is not given away.
    claim(&mut stage, &["pkg:maven/com.acme/lib"]);
    stage.ada().deploy(&Release::jar("com.acme", "lib", "1.0").pom("<name>ours</name>"));
    let before = asked_for(&upstream, "/lib/").len();
    let anybody = stage.anybody();
    let metadata = anybody.get("com/acme/lib/maven-metadata.xml").text();
    assert!(!metadata.contains("9.9"), "{metadata}");
    let theirs = Release::jar("com.acme", "lib", "9.9");
    for path in [theirs.path("jar"), theirs.path("pom"), format!("{}.sha1", theirs.path("jar"))] {
        assert_eq!(anybody.get(&path).status, 404, "{path}");
    }
    let other = "com/acme/lib/1.0/lib-1.0-sources.jar";
    assert_eq!(anybody.get(other).status, 404);
    assert!(anybody.get("com/acme/lib/1.0/lib-1.0.pom").text().contains("ours"));
    assert_eq!(asked_for(&upstream, "/lib/").len(), before);
}

#[test]
fn a_claimed_group_is_served_from_here_or_not_at_all() {
    let upstream = FakeUpstream::start();
    for group in ["com.acme", "com.acme.deep", "com.acmeevil"] {
        offer_versions(&upstream, group, "secret", &["1.0"]);
    }
    let mut stage = stage_over(&upstream, "");
    // One star for both would claim `com.acmeevil`, too.
    claim(&mut stage, &["pkg:maven/com.acme/*", "pkg:maven/com.acme.*"]);
    let anybody = stage.anybody();
    for group in ["com.acme", "com.acme.deep"] {
        let release = Release::jar(group, "secret", "1.0");
        assert_eq!(anybody.get(&release.path("jar")).status, 404, "{group}");
        let metadata = format!("{}/maven-metadata.xml", release.package_directory());
        assert_eq!(anybody.get(&metadata).status, 404, "{group}");
    }
    assert_eq!(asked_for(&upstream, "/com/acme/"), Vec::<String>::new());
    let neighbor = Release::jar("com.acmeevil", "secret", "1.0");
    assert_eq!(anybody.get(&neighbor.path("jar")).status, 200);
}

#[test]
fn a_name_that_the_upstream_has_is_not_given_away() {
    let upstream = FakeUpstream::start();
    offer_versions(&upstream, "org.known", "lib", &["1.0"]);
    let stage = stage_over(&upstream, "");
    let release = Release::jar("org.known", "lib", "6.6.6");
    let refused = stage.ada().put(&release.path("jar"), &release.files[0].1);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.name-exists-upstream"));
}

#[test]
fn a_file_whose_sha1_is_not_that_beside_it_is_refused_and_not_kept() {
    let upstream = FakeUpstream::start();
    offer_versions(&upstream, "org.known", "lib", &["1.0"]);
    let release = Release::jar("org.known", "lib", "1.0");
    let path = format!("/repo/{}", release.path("jar"));
    let forged = Reply::ok("application/octet-stream", b"forged".to_vec());
    upstream.on(&path, forged.header("last-modified", LONG_AGO));
    let stage = stage_over(&upstream, "");
    let refused = stage.anybody().get(&release.path("jar"));
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.phrase.contains("does not have the sha1"), "{}", refused.phrase);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("upstream.digest-mismatch"));
    assert_eq!(events(&stage.server, "upstream.mismatch").len(), 1);
    offer(&upstream, &release);
    assert_eq!(stage.anybody().get(&release.path("jar")).body, release.files[0].1);
}

#[test]
fn a_file_that_is_not_there_is_asked_for_once() {
    let upstream = FakeUpstream::start();
    offer_versions(&upstream, "org.known", "lib", &["1.0"]);
    let stage = stage_over(&upstream, "");
    let module = Release::jar("org.known", "lib", "1.0").path("jar").replace(".jar", ".module");
    for _ in 0..3 {
        assert_eq!(stage.anybody().get(&module).status, 404);
    }
    assert_eq!(upstream.hits(&format!("/repo/{module}")), 1);
    for _ in 0..3 {
        assert_eq!(stage.anybody().get("org/nobody/nothing/maven-metadata.xml").status, 404);
    }
    assert_eq!(upstream.hits("/repo/org/nobody/nothing/maven-metadata.xml"), 1);
}

#[test]
fn what_was_fetched_is_there_when_the_upstream_is_gone() {
    let mut upstream = FakeUpstream::start();
    offer_versions(&upstream, "org.known", "lib", &["1.0", "1.1"]);
    let stage = stage_over(&upstream, "index_ttl_secs = 0\n");
    let (anybody, release) = (stage.anybody(), Release::jar("org.known", "lib", "1.0"));
    let paths = [
        release.path("jar"),
        release.path("pom"),
        format!("{}.sha1", release.path("jar")),
        "org/known/lib/maven-metadata.xml".to_owned(),
    ];
    let before: Vec<_> = paths.iter().map(|path| anybody.get(path)).collect();
    upstream.down();
    for (path, before) in paths.iter().zip(before) {
        let after = anybody.get(path);
        assert_eq!((after.status, after.body), (200, before.body), "{path}");
    }
}

#[test]
fn a_cooldown_hides_and_refuses_young_releases() {
    let upstream = FakeUpstream::start();
    offer_versions(&upstream, "org.known", "lib", &["1.0", "2.0"]);
    let young = Release::jar("org.known", "lib", "2.0");
    let pom = format!("/repo/{}", young.path("pom"));
    let reply = Reply::ok("text/xml", young.files[1].1.clone());
    upstream.on(&pom, reply.header("last-modified", "Sat, 01 Jun 2024 00:00:00 GMT"));
    let text = upstream_metadata("org.known", "lib", &["1.0", "2.0"], "20240601000000");
    upstream.on("/repo/org/known/lib/maven-metadata.xml", Reply::ok("text/xml", text));
    let stage = stage_over(&upstream, "[policy]\ncooldown = \"5000d\"\n");
    let metadata = stage.anybody().get("org/known/lib/maven-metadata.xml").text();
    assert!(metadata.contains("<version>1.0</version>"), "{metadata}");
    assert!(!metadata.contains("2.0"), "{metadata}");
    let refused = stage.anybody().get(&young.path("jar"));
    assert_eq!(refused.status, 403);
    let why = "org.known/lib@2.0 is younger than 5000 days and will be served from 2038-";
    assert!(refused.phrase.contains(why), "{}", refused.phrase);
    assert_eq!(stage.anybody().get(&young.path("pom")).status, 403);
    assert_eq!(upstream.hits(&format!("/repo/{}", young.path("jar"))), 0);
    assert_eq!(stage.anybody().get(&young.path("jar").replace("2.0", "1.0")).status, 200);
}

#[test]
fn maven_4_is_not_told_to_ask_for_less_when_there_is_an_upstream() {
    let upstream = FakeUpstream::start();
    upstream
        .on("/repo/.meta/prefixes.txt", Reply::ok("text/plain", "## repository-prefixes/2.0\n"));
    let stage = stage_over(&upstream, "");
    stage.ada().deploy(&Release::jar("com.acme", "lib", "1.0"));
    assert_eq!(stage.anybody().get(".meta/prefixes.txt").status, 404);
}

/// `mix-2.4-jdk15.jar` is release 2.4 with a classifier, and the file of release 2.4-jdk15.
#[test]
fn one_file_name_of_two_releases_is_two_files_and_judged_twice() {
    let upstream = FakeUpstream::start();
    let classified =
        Release::jar("org.known", "mix", "2.4").file("mix-2.4-jdk15.jar", "classified");
    let qualified =
        Release::jar("org.known", "mix", "2.4-jdk15").file("mix-2.4-jdk15.jar", "qualified");
    offer(&upstream, &classified);
    offer(&upstream, &qualified);
    let stage = stage_over(&upstream, "");
    let (one, other) =
        ("org/known/mix/2.4/mix-2.4-jdk15.jar", "org/known/mix/2.4-jdk15/mix-2.4-jdk15.jar");
    for _ in 0..2 {
        assert_eq!(stage.anybody().get(other).text(), "qualified");
        assert_eq!(stage.anybody().get(one).text(), "classified");
    }
    let sha1 = |bytes: &[u8]| maven_checksums(bytes)[1].1.clone();
    assert_eq!(stage.anybody().get(&format!("{one}.sha1")).text(), sha1(b"classified"));
    assert_eq!(stage.anybody().get(&format!("{other}.sha1")).text(), sha1(b"qualified"));
    let denied = ["policy", "deny", "pkg:maven/org.known/mix@2.4-jdk15", "--reason", "bad"];
    stage.server.cli(&denied).ok();
    crate::stage::eventually("the denial is known", || stage.anybody().get(other).status == 403);
    assert_eq!(stage.anybody().get(one).text(), "classified", "its twin is another release");
}

/// Who publishes a plugin must not make those of others unreachable.
#[test]
fn a_plugin_takes_no_prefix_and_no_group_from_others() {
    let upstream = FakeUpstream::start();
    let group = "<metadata><plugins><plugin><name>Dependency</name><prefix>dependency</prefix>\
                 <artifactId>maven-dependency-plugin</artifactId></plugin></plugins></metadata>";
    let path = "/repo/org/known/plugins/maven-metadata.xml";
    upstream.on(path, Reply::ok("text/xml", group));
    let stage = stage_over(&upstream, "");
    let plugin = |group: &str, artifact: &str| {
        Release::jar(group, artifact, "1.0").pom("<packaging>maven-plugin</packaging>")
    };
    let taker = plugin("org.known.plugins", "evil-maven-plugin");
    stage.ada().stage(&taker);
    let refused = stage.ada().finish(&taker);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.name-exists-upstream"));
    let listed = stage.anybody().get("org/known/plugins/maven-metadata.xml").text();
    assert!(listed.contains("maven-dependency-plugin") && !listed.contains("evil"), "{listed}");

    stage.ada().deploy(&plugin("com.acme", "corp-maven-plugin"));
    let eve = stage.another("eve");
    let twin = plugin("com.acme", "maven-corp-plugin");
    eve.stage(&twin);
    let refused = eve.finish(&twin);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.name-collision"));
    let listed = stage.anybody().get("com/acme/maven-metadata.xml").text();
    assert!(
        listed.contains("corp-maven-plugin") && !listed.contains("maven-corp-plugin"),
        "{listed}"
    );
}
