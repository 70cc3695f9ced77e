//! `strict_publish`: what the public repository asks for.

use super::project::{Project, consumer};
use crate::stage::{Maven, Stage};

const STRICT: &str = "[policy]\nstrict_publish = [\"maven\"]\n";
const COMPLETE: &str = "<name>user</name><description>A library</description>\
     <url>https://lib.example</url><licenses><license><name>MIT</name>\
     <url>https://lib.example/license</url></license></licenses><developers><developer>\
     <name>Ada</name></developer></developers><scm><connection>scm:git:https://lib.example/git\
     </connection><url>https://lib.example/git</url></scm>";

/// Attaches sources and javadoc, and signs nothing: signatures are files like any other.
fn deploy(stage: &Stage, project: &Project<'_>, goals: &[&str]) -> vouchsafe_testkit::Ran {
    let to = format!("-DaltDeploymentRepository=vouchsafe::{}", stage.repository());
    let mut args = goals.to_vec();
    args.push(&to);
    stage.home.mvn(Maven::V3_9, &project.dir, &args)
}

#[test]
fn maven_shows_all_that_is_missing_and_a_complete_release_passes() {
    let stage = Stage::new(STRICT);
    let bare = consumer(&stage.home, "bare", "", "");
    let refused = deploy(&stage, &bare, &["deploy"]).fails();
    let refused = refused.says("422").says("the pom has no `description`");
    refused.says("there is no `-sources.jar`").says("`.jar` has no signature");
    assert_eq!(stage.anybody().get("org/user/user/1/user-1.pom").status, 404);

    let whole = consumer(&stage.home, "whole", COMPLETE, "");
    let attach = [
        "package",
        "org.apache.maven.plugins:maven-source-plugin:3.4.0:jar-no-fork",
        "org.apache.maven.plugins:maven-javadoc-plugin:3.12.0:jar",
    ];
    deploy(&stage, &whole, &attach).ok();
    // `deploy-file` sends any file with any classifier and type.
    let jar = |classifier: &str| format!("target/user-1{classifier}.jar");
    let mut files = Vec::new();
    for (file, classifier, kind) in [
        (jar("-sources"), "sources", "jar"),
        (jar("-javadoc"), "javadoc", "jar"),
        ("pom.xml.asc".to_owned(), "", "pom.asc"),
        ("pom.xml.asc".to_owned(), "", "jar.asc"),
        ("pom.xml.asc".to_owned(), "sources", "jar.asc"),
        ("pom.xml.asc".to_owned(), "javadoc", "jar.asc"),
    ] {
        files.push((file, classifier, kind));
    }
    whole.write("pom.xml.asc", "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n");
    let list = |part: fn(&(String, &'static str, &'static str)) -> String| {
        files.iter().map(part).collect::<Vec<_>>().join(",")
    };
    let args = [
        "org.apache.maven.plugins:maven-deploy-plugin:3.1.4:deploy-file".to_owned(),
        format!("-Durl={}", stage.repository()),
        "-DrepositoryId=vouchsafe".to_owned(),
        "-Dfile=target/user-1.jar".to_owned(),
        "-DpomFile=pom.xml".to_owned(),
        format!("-Dfiles={}", list(|(file, _, _)| file.clone())),
        format!("-Dclassifiers={}", list(|(_, classifier, _)| (*classifier).to_owned())),
        format!("-Dtypes={}", list(|(_, _, kind)| (*kind).to_owned())),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    stage.home.mvn(Maven::V3_9, &whole.dir, &args).ok();
    for name in ["user-1.jar", "user-1-sources.jar", "user-1.pom.asc", "user-1-javadoc.jar.asc"] {
        assert_eq!(stage.anybody().get(&format!("org/user/user/1/{name}")).status, 200, "{name}");
    }
}
