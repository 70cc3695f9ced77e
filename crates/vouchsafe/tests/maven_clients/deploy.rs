//! What becomes visible, to whom and when.

use vouchsafe_testkit::packages::maven_checksums;

use crate::stage::{Stage, events};
use crate::wire::{Release, Sender, pom};

const METADATA: &str = "com/acme/lib/maven-metadata.xml";

fn lib(version: &str) -> Release {
    Release::jar("com.acme", "lib", version)
}

/// Every address under which a release could be seen.
fn addresses(release: &Release) -> Vec<String> {
    let mut all: Vec<String> =
        release.files.iter().map(|(name, _)| format!("{}/{name}", release.directory())).collect();
    let digests: Vec<String> = all.iter().map(|path| format!("{path}.sha1")).collect();
    all.extend(digests);
    all.push(format!("{}/maven-metadata.xml", release.package_directory()));
    all.push(format!("{}/", release.package_directory()));
    all.push(format!("{}/", release.directory()));
    all
}

/// Nobody sees anything of a release whose package does not exist yet.
#[track_caller]
pub(crate) fn check_invisible(release: &Release, readers: &[&Sender]) {
    for reader in readers {
        for path in addresses(release) {
            for method in ["GET", "HEAD"] {
                assert_eq!(reader.send(method, &path, b"").status, 404, "{method} {path}");
            }
        }
        let prefixes = reader.get(".meta/prefixes.txt").text();
        assert!(!prefixes.contains("/com/acme"), "{prefixes}");
    }
}

#[test]
fn staged_files_are_visible_to_nobody_until_the_metadata_comes() {
    let stage = Stage::new("");
    let (ada, other, anybody) = (stage.ada(), stage.another("bob"), stage.anybody());
    let release = lib("1.0");
    ada.stage(&release);
    check_invisible(&release, &[&ada, &other, &anybody]);
    let page = vouchsafe_testkit::http::get(stage.server.address(), "/search?q=lib").text();
    assert!(!page.contains("com.acme"), "{page}");
    assert_eq!(ada.finish(&release).status, 201);
    for path in addresses(&release) {
        assert_eq!(anybody.get(&path).status, 200, "{path}");
    }
}

#[test]
fn every_file_has_its_four_digests_beside_it_and_in_headers() {
    let stage = Stage::new("");
    let release = lib("1.0");
    stage.ada().deploy(&release);
    let anybody = stage.anybody();
    for (name, bytes) in &release.files {
        let path = format!("{}/{name}", release.directory());
        let file = anybody.get(&path);
        assert_eq!(&file.body, bytes);
        for (ending, digest) in maven_checksums(bytes) {
            assert_eq!(anybody.get(&format!("{path}.{ending}")).text(), digest);
            assert_eq!(file.header(&format!("x-checksum-{ending}")), Some(digest.as_str()));
        }
    }
    let metadata = anybody.get(METADATA);
    for (ending, digest) in maven_checksums(&metadata.body) {
        assert_eq!(anybody.get(&format!("{METADATA}.{ending}")).text(), digest);
    }
}

#[test]
fn metadata_is_ours_whatever_a_client_sends() {
    let stage = Stage::new("");
    let ada = stage.ada();
    ada.deploy(&lib("1.0"));
    ada.stage(&lib("1.1"));
    let forged = "<metadata><groupId>com.acme</groupId><artifactId>lib</artifactId><versioning>\
                  <release>9.9</release><versions><version>1.1</version><version>9.9</version>\
                  </versions></versioning></metadata>";
    assert_eq!(ada.put(METADATA, forged.as_bytes()).status, 201);
    assert_eq!(ada.put(&format!("{METADATA}.sha1"), b"0000").status, 201);
    let text = stage.anybody().get(METADATA).text();
    assert!(!text.contains("9.9"), "{text}");
    assert!(text.contains("<version>1.0</version>"), "{text}");
    assert!(text.contains("<release>1.1</release>"), "{text}");
}

#[test]
fn a_release_sent_again_is_a_success_when_it_is_the_same_and_a_conflict_when_not() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let release = lib("1.0");
    ada.deploy(&release);
    for (name, bytes) in &release.files {
        let path = format!("{}/{name}", release.directory());
        assert_eq!(ada.put(&path, bytes).status, 200, "{path}");
        for (ending, digest) in maven_checksums(bytes) {
            assert_eq!(ada.put(&format!("{path}.{ending}"), digest.as_bytes()).status, 201);
        }
    }
    assert_eq!(ada.finish(&release).status, 201);
    let refused = ada.put(&release.path("jar"), b"other bytes");
    assert_eq!(refused.status, 409);
    assert!(refused.phrase.contains("com.acme/lib@1.0"), "{}", refused.phrase);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.release-exists"));
    let late = format!("{}/lib-1.0-sources.jar", release.directory());
    assert_eq!(ada.put(&late, b"a file that was not there").status, 409);
    assert_eq!(stage.anybody().get(&release.path("jar")).body, release.files[0].1);
}

#[test]
fn a_snapshot_may_be_deployed_again_and_its_newest_build_is_listed() {
    let stage = Stage::new("");
    let (ada, anybody) = (stage.ada(), stage.anybody());
    let first = Release::snapshot("com.acme", "lib", "1.0", "20260102.030405-1");
    let second = Release::snapshot("com.acme", "lib", "1.0", "20260103.030405-2");
    for build in [&first, &second] {
        ada.deploy(build);
        for path in ["jar", "pom"].map(|extension| build.path(extension)) {
            assert_eq!(anybody.get(&path).status, 200, "{path}");
        }
    }
    let text = anybody.get(&first.metadata_path()).text();
    assert!(text.contains("<value>1.0-20260103.030405-2</value>"), "{text}");
    assert!(text.contains("<buildNumber>2</buildNumber>"), "{text}");
    assert_eq!(ada.put(&second.path("jar"), b"other bytes").status, 409);
    let all = anybody.get(METADATA).text();
    assert!(all.contains("<version>1.0-SNAPSHOT</version>"), "{all}");
    assert!(!all.contains("<release>"), "{all}");
}

#[test]
fn older_builds_of_a_snapshot_go_where_the_operator_keeps_few() {
    let stage = Stage::new("[ecosystems.maven]\nkeep_snapshots = 2\n");
    let (ada, anybody) = (stage.ada(), stage.anybody());
    let build = |number: u32| {
        // Their own clocks say the opposite: what appeared last is the newest.
        let value = format!("2026010{}.030405-{number}", 9 - number);
        Release::snapshot("com.acme", "lib", "1.0", &value)
    };
    let builds: Vec<Release> = (1..=4).map(build).collect();
    for release in &builds {
        ada.deploy(release);
    }
    let statuses = |extension: &str| -> Vec<u16> {
        builds.iter().map(|release| anybody.get(&release.path(extension)).status).collect()
    };
    assert_eq!(statuses("jar"), [404, 404, 200, 200]);
    assert_eq!(statuses("pom"), [404, 404, 200, 200]);
    let text = anybody.get(&builds[0].metadata_path()).text();
    assert!(text.contains("<buildNumber>4</buildNumber>"), "{text}");
    assert_eq!(events(&stage.server, "artifact.removed").len(), 4);
    // A name that was removed is not used again.
    let again = ada.put(&builds[0].path("jar"), &builds[0].files[0].1);
    assert_eq!(again.status, 409, "{}", again.text());
    stage.server.cli(&["fsck"]).ok();
}

#[test]
fn two_deploys_of_one_account_do_not_publish_each_others_files() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let (one, two) = (lib("1.0"), lib("2.0"));
    ada.stage(&one);
    ada.put(&two.path("jar"), &two.files[0].1);
    assert_eq!(ada.finish(&one).status, 201);
    let anybody = stage.anybody();
    assert_eq!(anybody.get(&one.path("jar")).status, 200);
    assert_eq!(anybody.get(&two.path("jar")).status, 404);
    ada.deploy(&two);
    assert_eq!(anybody.get(&two.path("jar")).status, 200);
}

#[test]
fn two_deploys_at_the_same_time_lose_nothing() {
    let stage = Stage::new("");
    let versions: Vec<String> = (1..=8).map(|minor| format!("1.{minor}")).collect();
    stage.ada().deploy(&lib("1.0"));
    std::thread::scope(|scope| {
        for version in &versions {
            let ada = stage.ada();
            scope.spawn(move || ada.deploy(&lib(version)));
        }
    });
    let text = stage.anybody().get(METADATA).text();
    for version in &versions {
        assert!(text.contains(&format!("<version>{version}</version>")), "{version}: {text}");
    }
}

#[test]
fn the_first_of_two_accounts_owns_a_package() {
    let stage = Stage::new("");
    let (ada, bob) = (stage.ada(), stage.another("bob"));
    let (mine, theirs) = (lib("1.0"), lib("1.0").pom("<name>other</name>"));
    ada.stage(&mine);
    bob.stage(&theirs);
    assert_eq!(bob.finish(&theirs).status, 201);
    let refused = ada.finish(&mine);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(refused.header("x-vouchsafe-code"), Some("auth.forbidden"));
    let served = stage.anybody().get(&mine.path("pom")).text();
    assert!(served.contains("<name>other</name>"), "{served}");
    let refused = ada.put(&lib("1.1").path("jar"), b"jar");
    assert_eq!(refused.status, 403);
}

/// What Gradle 6 and later send: the module first among the files, four digests for everything, the
/// metadata last, and its digests after it.
#[test]
fn the_request_sequence_of_gradle_publishes() {
    let stage = Stage::new("");
    let (ada, anybody) = (stage.ada(), stage.anybody());
    let release = lib("1.0");
    let jar = release.files[0].1.clone();
    let digests: Vec<_> = maven_checksums(&jar).into();
    let digest = |name: &str| digests.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let module = serde_json::json!({
        "formatVersion": "1.1",
        "component": { "group": "com.acme", "module": "lib", "version": "1.0" },
        "createdBy": { "gradle": { "version": "8.10" } },
        "variants": [{ "name": "apiElements", "files": [{
            "name": "lib-1.0.jar", "url": "lib-1.0.jar", "size": jar.len(),
            "md5": digest("md5"), "sha1": digest("sha1"),
            "sha256": digest("sha256"), "sha512": digest("sha512"),
        }] }],
    });
    let marked = pom("com.acme", "lib", "1.0", "").replace(
        "<modelVersion>",
        "<!-- do_not_remove: published-with-gradle-metadata --><modelVersion>",
    );
    let module = module.to_string().into_bytes();
    let files = [("lib-1.0.jar", jar), ("lib-1.0.module", module), ("lib-1.0.pom", marked.into())];
    let put_with_digests = |path: &str, bytes: &[u8]| {
        assert_eq!(ada.put(path, bytes).status, 201, "{path}");
        for (ending, digest) in maven_checksums(bytes) {
            assert_eq!(ada.put(&format!("{path}.{ending}"), digest.as_bytes()).status, 201);
        }
    };
    for (name, bytes) in &files {
        put_with_digests(&format!("com/acme/lib/1.0/{name}"), bytes);
    }
    assert_eq!(ada.get(METADATA).status, 404);
    let metadata = "<metadata><groupId>com.acme</groupId><artifactId>lib</artifactId><versioning>\
                    <latest>1.0</latest><release>1.0</release><versions><version>1.0</version>\
                    </versions><lastUpdated>20260102030405</lastUpdated></versioning></metadata>";
    put_with_digests(METADATA, metadata.as_bytes());
    for (name, bytes) in &files {
        assert_eq!(&anybody.get(&format!("com/acme/lib/1.0/{name}")).body, bytes);
    }
}

#[test]
fn a_module_that_tells_another_story_is_refused() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let module = "{\"formatVersion\":\"1.1\",\"component\":{\"group\":\"com.acme\",\
                  \"module\":\"other\",\"version\":\"1.0\"}}";
    let release = lib("1.0").file("lib-1.0.module", module);
    ada.stage(&release);
    let refused = ada.finish(&release);
    assert_eq!(refused.status, 422);
    assert!(refused.phrase.contains("its component is not"), "{}", refused.phrase);
    check_invisible(&release, &[&ada]);
}

#[test]
fn groups_are_listed_for_maven_4_when_nothing_comes_from_elsewhere() {
    let stage = Stage::new("");
    stage.ada().deploy(&lib("1.0"));
    stage.ada().deploy(&Release::jar("org.other.deep", "thing", "1.0"));
    let answer = stage.anybody().get(".meta/prefixes.txt");
    assert_eq!(answer.text(), "## repository-prefixes/2.0\n/com/acme\n/org/other/deep\n");
    let sha1 = stage.anybody().get(".meta/prefixes.txt.sha1").text();
    assert_eq!(sha1, maven_checksums(&answer.body)[1].1);
}
