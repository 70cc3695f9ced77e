//! What is accepted as a release, and what is not.

use proptest::prelude::*;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{digests, jar, name, pom, publish, version, zip};

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[track_caller]
fn check_refused(release: &str, files: &[(&str, Vec<u8>)], reason: &str) {
    let error = publish(release, files).expect_err("it was accepted").to_string();
    assert!(error.contains(reason), "{error}");
}

#[track_caller]
fn check_pom_refused(pom: &str, reason: &str) {
    check_refused("1.0", &[("lib-1.0.pom", bytes(pom))], reason);
}

#[test]
fn a_release_as_maven_sends_it() {
    let inspected =
        publish("1.0", &[("lib-1.0.jar", jar()), ("lib-1.0.pom", bytes(&pom("1.0", "jar")))])
            .unwrap();
    insta::assert_snapshot!(inspected.manifest);
    assert_eq!(inspected.summary, "A <good> library");
    assert_eq!(inspected.namespace_entry, None);
    assert_eq!(inspected.file_extras, [None, None]);
    insta::assert_snapshot!(inspected.shortcomings.join("\n"), @r"
    there is no `-sources.jar`
    there is no `-javadoc.jar`
    `.pom` has no signature (`.asc`)
    `.jar` has no signature (`.asc`)
    ");
}

#[test]
fn a_signed_release_with_everything_lacks_nothing() {
    let mut files = vec![("lib-1.0.pom", bytes(&pom("1.0", "jar")))];
    for filename in ["lib-1.0.jar", "lib-1.0-sources.jar", "lib-1.0-javadoc.jar"] {
        files.push((filename, jar()));
    }
    for filename in [
        "lib-1.0.pom.asc",
        "lib-1.0.jar.asc",
        "lib-1.0-sources.jar.asc",
        "lib-1.0-javadoc.jar.asc",
        "lib-1.0.jar.sigstore.json",
    ] {
        files.push((filename, bytes("signature")));
    }
    assert_eq!(publish("1.0", &files).unwrap().shortcomings, Vec::<String>::new());
    let bare = "<project><groupId>com.acme.tools</groupId><artifactId>lib</artifactId>\
                <version>1.0</version><packaging>pom</packaging></project>";
    let found = publish("1.0", &[("lib-1.0.pom", bytes(bare))]).unwrap().shortcomings;
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn the_draft_begins_with_the_pom_and_a_snapshot_may_grow() {
    let staged = |filename: &str| StagedFile {
        filename: filename.parse().unwrap(),
        size_bytes: 1,
        digests: digests(1),
    };
    let package = name("com.acme.tools/lib");
    let files = ["lib-1.0.jar", "lib-1.0-sources.jar", "lib-1.0.pom"].map(staged);
    let draft = Maven.assemble(&package, &version("1.0"), &files).unwrap();
    let names: Vec<_> = draft.files.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, ["lib-1.0.pom", "lib-1.0-sources.jar", "lib-1.0.jar"]);
    assert!(!draft.may_extend);
    insta::assert_snapshot!(draft.metadata, @r#"{"groupId":"com.acme.tools","artifactId":"lib","version":"1.0"}"#);

    let files = [
        "lib-1.0-20260102.030405-1.pom",
        "lib-1.0-20260102.030405-1.jar",
        "lib-1.0-20260103.000000-2.pom",
    ]
    .map(staged);
    let draft = Maven.assemble(&package, &version("1.0-SNAPSHOT"), &files).unwrap();
    assert_eq!(draft.files[0].filename.as_str(), "lib-1.0-20260103.000000-2.pom");
    assert!(draft.may_extend);
}

#[test]
fn files_that_make_no_release_are_not_assembled() {
    let pom = || bytes(&pom("1.0", "jar"));
    check_refused("1.0", &[("lib-1.0.jar", jar())], "no `lib-1.0.pom` was sent");
    check_refused("1.0", &[], "no `lib-1.0.pom` was sent");
    check_refused("1.0", &[("lib-1.0-x.pom", pom())], "no `lib-1.0.pom` was sent");
    let odd = [("lib-1.0.pom", pom()), ("other-1.0.jar", jar())];
    check_refused("1.0", &odd, "`other-1.0.jar` is not a file of");
    let twins = [("lib-1.0.pom", pom()), ("lib-1.0-A.jar", jar()), ("lib-1.0-a.jar", jar())];
    check_refused("1.0", &twins, "in letter case alone");
    let old = [
        ("lib-1.0-20260102.030405-1.pom", bytes(&crate::samples::pom("1.0-SNAPSHOT", "jar"))),
        ("lib-1.0-20260103.030405-2.jar", jar()),
    ];
    check_refused("1.0-SNAPSHOT", &old, "no `lib-1.0-20260103.030405-2.pom` was sent");
}

#[test]
fn the_builds_of_a_snapshot() {
    let pom = bytes(&pom("1.0-SNAPSHOT", "jar"));
    let files = [
        ("lib-1.0-20260102.030405-1.pom", pom.clone()),
        ("lib-1.0-20260102.030405-1.jar", jar()),
        ("lib-1.0-20260103.030405-2.pom", pom),
    ];
    let inspected = publish("1.0-SNAPSHOT", &files).unwrap();
    assert_eq!(inspected.shortcomings, Vec::<String>::new());
    let files = [("lib-1.0-20260102.030405-1.pom", bytes(&crate::samples::pom("1.0", "jar")))];
    check_refused("1.0-SNAPSHOT", &files, "the release's is `1.0-SNAPSHOT`");
}

#[test]
fn a_pom_must_be_the_releases() {
    for (from, to, reason) in [
        ("com.acme.tools</groupId>", "com.evil</groupId>", "the groupId of"),
        ("lib</artifactId>", "lob</artifactId>", "the artifactId of"),
        ("<version>1.0<", "<version>1.0.0<", "the version of"),
        ("<version>1.0<", "<version>${revision}<", "flatten"),
        ("<version>1.0</version>", "", "the version of"),
        ("<version>1.0<", "<version>1.0<x/><", "`version` is not a text"),
        ("<name>", "<version>2.0</version><name>", "`version` stands there twice"),
        ("<name>", "<parent/><parent/><name>", "`parent` stands there twice"),
        ("<project ", "<metadata ", "XML"),
    ] {
        check_pom_refused(&pom("1.0", "jar").replacen(from, to, 1), reason);
    }
}

#[test]
fn coordinates_may_come_from_the_parent_and_around_comments() {
    let inherited = "<project><parent><groupId>com.acme.tools</groupId><artifactId>up</artifactId>\
                     <version>1.0</version></parent><artifactId> l<!-- x -->ib\n</artifactId></project>";
    let inspected = publish("1.0", &[("lib-1.0.pom", bytes(inherited))]).unwrap();
    assert!(inspected.manifest.contains(r#""parent":"com.acme.tools:up:1.0""#));
    let latin = pom("1.0", "jar").replace("UTF-8", "ISO-8859-1");
    let mut latin = bytes(&latin);
    let at = latin.windows(4).position(|window| window == b"good").unwrap();
    latin[at] = 0xE9;
    let inspected = publish("1.0", &[("lib-1.0.pom", latin.clone())]).unwrap();
    assert_eq!(inspected.summary, "A <éood> library");
    let at = latin.windows(5).position(|window| window == b"ISO-8").unwrap();
    latin[at] = b'X';
    check_refused("1.0", &[("lib-1.0.pom", latin)], "not UTF-8");
}

#[test]
fn hostile_poms_are_refused() {
    check_pom_refused("", "XML");
    check_pom_refused("\0", "XML");
    check_pom_refused("<project>", "XML");
    check_pom_refused("<html/>", "its root is `html`");
    check_pom_refused(
        "<!DOCTYPE project [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><project>&b;</project>",
        "document type",
    );
    check_pom_refused("<project>&unknown;</project>", "XML");
    let deep = format!("<project>{}{}</project>", "<a>".repeat(50_000), "</a>".repeat(50_000));
    check_pom_refused(&deep, "nested more than");
    let wide: String = (0..200_000).map(|at| format!(" a{at}=''")).collect();
    check_pom_refused(&format!("<project{wide}/>"), "a tag is larger than");
    let spaces: String = (0..100).map(|at| format!("<a xmlns:n{at}='x'/>")).collect();
    check_pom_refused(&format!("<project>{spaces}</project>"), "namespace declarations");
    check_pom_refused(&format!("<project>{}</project>", "<a/>".repeat(600_000)), "XML");
    check_pom_refused(&" ".repeat(5 * 1024 * 1024), "larger than");
}

#[test]
fn what_pages_link_to_is_a_web_address() {
    let odd = pom("1.0", "jar").replace("https://acme.example/lib", "javascript:alert(1)");
    let inspected = publish("1.0", &[("lib-1.0.pom", bytes(&odd))]).unwrap();
    assert!(!inspected.manifest.contains("javascript"));
}

/// Publishes a release with this jar.
fn publish_jar(jar: Vec<u8>) -> Result<(), String> {
    let files = [("lib-1.0.pom", bytes(&pom("1.0", "jar"))), ("lib-1.0.jar", jar)];
    publish("1.0", &files).map(drop).map_err(|error| error.to_string())
}

#[test]
fn the_pom_inside_of_a_jar_is_the_releases() {
    const OWN: &str = "META-INF/maven/com.acme.tools/lib/pom.xml";
    const OTHER: &str = "META-INF/maven/com.evil/other/pom.xml";
    let own = pom("1.0", "jar");
    let lax = own.replace("<version>1.0<", "<version>${revision}<");
    assert_eq!(publish_jar(zip(&[(OWN, own.as_bytes())])), Ok(()));
    assert_eq!(publish_jar(zip(&[(OWN, lax.as_bytes())])), Ok(()));
    assert_eq!(publish_jar(zip(&[(OWN, own.as_bytes()), (OTHER, b"<x/>")])), Ok(()));
    let wrong = pom("2.0", "jar");
    let error = publish_jar(zip(&[(OWN, wrong.as_bytes())])).unwrap_err();
    assert!(error.contains("the version of the pom inside of the jar is `2.0`"), "{error}");
    let error = publish_jar(zip(&[(OTHER, own.as_bytes())])).unwrap_err();
    assert!(error.contains("lies at `com.evil:other`"), "{error}");
    assert!(publish_jar(zip(&[(OWN, b"<project>")])).is_err());
}

#[test]
fn a_jar_that_gradle_built_may_have_one_dependency_merged_into_it() {
    let marked = pom("1.0", "jar").replace(
        "<modelVersion>",
        "<!-- do_not_remove: published-with-gradle-metadata --><modelVersion>",
    );
    let merged = zip(&[("META-INF/maven/com.other/dep/pom.xml", b"<project/>")]);
    let files = [("lib-1.0.pom", bytes(&marked)), ("lib-1.0.jar", merged)];
    let inspected = publish("1.0", &files).unwrap();
    assert!(inspected.warnings[0].contains("`.module`"), "{:?}", inspected.warnings);
}

#[test]
fn hostile_jars_are_refused() {
    for (jar, reason) in [
        (b"not a zip".to_vec(), "not a zip archive"),
        (zip(&[("../../etc/passwd", b"x")]), "not a plain relative path"),
        (zip(&[("/etc/passwd", b"x")]), "not a plain relative path"),
        (zip(&[("a", b"x"), ("a/b", b"y")]), "lies below"),
        (zip(&[("zeros", &vec![0; 64 * 1024 * 1024])]), "times its size"),
        ([b"#!/bin/sh\n".to_vec(), jar()].concat(), "directory is not where"),
        ([jar(), b"more".to_vec()].concat(), "not a zip archive"),
    ] {
        let error = publish_jar(jar).expect_err(reason);
        assert!(error.contains(reason) && error.contains("`lib-1.0.jar`"), "{error}");
    }
    // Two entries of one name: a writer refuses to make them, so one is renamed afterwards.
    let mut twice = zip(&[("aa", b"x"), ("ab", b"y")]);
    while let Some(at) = twice.windows(2).position(|window| window == b"ab") {
        twice[at + 1] = b'a';
    }
    assert!(publish_jar(twice).unwrap_err().contains("appears twice"));
}

#[test]
fn a_plugin_tells_its_prefix_to_its_group() {
    let plugin = "<plugin><name>Lib Plugin</name><goalPrefix>acme</goalPrefix></plugin>";
    let jar = zip(&[("META-INF/maven/plugin.xml", plugin.as_bytes())]);
    let pom = || bytes(&pom("1.0", "maven-plugin"));
    let files = [("lib-1.0.pom", pom()), ("lib-1.0.jar", jar)];
    let entry = publish("1.0", &files).unwrap().namespace_entry.unwrap();
    assert_eq!(entry, r#"{"prefix":"acme","artifactId":"lib","name":"Lib Plugin"}"#);
    let files = [("lib-1.0.pom", pom()), ("lib-1.0.jar", crate::samples::jar())];
    assert_eq!(publish("1.0", &files).unwrap().namespace_entry, None);
}

/// Publishes a release with this Gradle module beside a jar of four bytes.
fn publish_module(module: &str) -> Result<(), String> {
    let files = [
        ("lib-1.0.pom", bytes(&pom("1.0", "jar"))),
        ("lib-1.0.module", bytes(module)),
        ("lib-1.0.txt", b"1234".to_vec()),
    ];
    publish("1.0", &files).map(drop).map_err(|error| error.to_string())
}

fn module(component: &str, variant: &str) -> String {
    format!(
        r#"{{"formatVersion":"1.1","component":{{{component}}},"variants":[{{"name":"v",{variant}}}]}}"#
    )
}

const OWN: &str = r#""group":"com.acme.tools","module":"lib","version":"1.0""#;

#[test]
fn a_gradle_module_tells_the_story_of_its_release() {
    let sha1 = "01".repeat(20);
    for (component, variant) in [
        (OWN.to_owned(), r#""files":[]"#.to_owned()),
        (OWN.to_owned(), format!(r#""files":[{{"name":"x","url":"lib-1.0.txt","size":4,"sha1":"{sha1}"}}]"#)),
        (
            OWN.to_owned(),
            r#""available-at":{"url":"../../lib-jvm/1.0/lib-jvm-1.0.module","group":"com.acme.tools","module":"lib-jvm","version":"1.0"}"#.to_owned(),
        ),
        (
            r#""url":"../../root/1.0/root-1.0.module","group":"com.acme.tools","module":"root","version":"1.0""#.to_owned(),
            r#""files":[]"#.to_owned(),
        ),
    ] {
        assert_eq!(publish_module(&module(&component, &variant)), Ok(()));
    }
}

#[test]
fn a_gradle_module_that_tells_another_story_is_refused() {
    let file = |inner: &str| module(OWN, &format!(r#""files":[{{"name":"x",{inner}}}]"#));
    let other = r#""group":"com.evil","module":"lib","version":"1.0""#;
    let away =
        r#""url":"../../evil/9/evil-9.module","group":"com.evil","module":"evil","version":"9""#;
    for (text, reason) in [
        (module(other, r#""files":[]"#), "its component is not"),
        (module(away, r#""files":[]"#), "its component is not"),
        (module(&OWN.replace("1.0", "1.1"), r#""files":[]"#), "its component is not"),
        (file(r#""url":"../../../x.jar""#), "not the name of a file"),
        (file(r#""url":"https://evil.example/x.jar""#), "not the name of a file"),
        (file(r#""url":"lib-1.0-other.jar""#), "not among the files"),
        (file(r#""url":"lib-1.0.txt","size":5"#), "has 4 bytes and not 5"),
        (file(&format!(r#""url":"lib-1.0.txt","sha256":"{}""#, "02".repeat(32))), "sha256"),
        (file(r#""url":"lib-1.0.txt","sha1":"zz""#), "not a sha1"),
        (
            module(
                OWN,
                r#""available-at":{"url":"https://evil.example/x/1/x-1.module","group":"x","module":"x","version":"1"}"#,
            ),
            "odd address",
        ),
        (
            r#"{"formatVersion":"2.0","component":{"group":"a","module":"b","version":"1"}}"#
                .to_owned(),
            "formatVersion",
        ),
        ("[".repeat(100_000), "lib-1.0.module"),
        ("{}".to_owned(), "missing field"),
    ] {
        let error = publish_module(&text).expect_err(reason);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_module_of_a_snapshot_names_files_as_all_builds_do() {
    let own = OWN.replace("1.0", "1.0-SNAPSHOT");
    let check = |size: u64| {
        let variant =
            format!(r#""files":[{{"name":"x","url":"lib-1.0-SNAPSHOT.txt","size":{size}}}]"#);
        let files = [
            ("lib-1.0-20260102.030405-1.pom", bytes(&pom("1.0-SNAPSHOT", "jar"))),
            ("lib-1.0-20260102.030405-1.module", bytes(&module(&own, &variant))),
            ("lib-1.0-20260102.030405-1.txt", b"1234".to_vec()),
        ];
        publish("1.0-SNAPSHOT", &files).is_ok()
    };
    assert!(check(4));
    assert!(!check(5));
}

proptest! {
    #[test]
    fn any_pom_is_read_or_refused(text in "(<(project|groupId|!--|\\?x|/a|a b='c')?>?|&[a-z]*;?|\\PC){0,40}") {
        let _ = publish("1.0", &[("lib-1.0.pom", text.into_bytes())]);
    }
}
