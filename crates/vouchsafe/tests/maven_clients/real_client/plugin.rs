//! A Maven plugin that is published here and called by its prefix.

use vouchsafe_testkit::packages;

use super::project::{consumer, repositories};
use crate::stage::{Maven, Stage};
use crate::wire::Release;

/// The descriptor of a plugin whose only goal takes nothing.
const DESCRIPTOR: &str = "<plugin><name>Acme's plugin</name><groupId>com.acme</groupId>\
     <artifactId>tools</artifactId><version>1.0</version><goalPrefix>acme</goalPrefix><mojos><mojo>\
     <goal>hello</goal><implementation>acme.Hello</implementation><language>java</language>\
     </mojo></mojos></plugin>";

#[test]
fn a_prefix_is_found_through_the_document_of_the_group() {
    let stage = Stage::new("");
    let jar = packages::zip(&[("META-INF/maven/plugin.xml", DESCRIPTOR.as_bytes())]);
    let plugin = Release::jar("com.acme", "tools", "1.0")
        .file("tools-1.0.jar", jar)
        .pom("<packaging>maven-plugin</packaging>");
    stage.ada().deploy(&plugin);
    let document = stage.anybody().get("com/acme/maven-metadata.xml").text();
    assert!(document.contains("<prefix>acme</prefix>"), "{document}");
    let home = stage.another_home(None);
    let settings = std::fs::read_to_string(home.sandbox.home().join(".m2/settings.xml")).unwrap();
    let group = "<pluginGroups><pluginGroup>com.acme</pluginGroup></pluginGroups></settings>";
    home.sandbox.write(".m2/settings.xml", &settings.replace("</settings>", group));
    let project = consumer(&home, "user", &repositories(&stage.repository()), "");
    for maven in [Maven::V3_9, Maven::V4] {
        // There is no class behind the goal: that Maven gets as far as this is what counts.
        let ran = home.mvn(maven, &project.dir, &["acme:hello"]).fails();
        ran.says("com.acme:tools:1.0:hello");
        let unknown = home.mvn(maven, &project.dir, &["nobody:hello"]).fails();
        unknown.says("No plugin found for prefix 'nobody'");
    }
}
