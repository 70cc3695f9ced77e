//! The plugin for Maven Central's portal, from the upstream, publishing to this registry.

use super::project::{Project, modules};
use super::proxy::real_upstream;
use crate::stage::{Maven, Stage};

const PLUGIN: &str = "org.sonatype.central:central-publishing-maven-plugin:0.8.0";

fn with_plugin(project: &Project<'_>, stage: &Stage, settings: &str) {
    let (coordinates, version) = PLUGIN.rsplit_once(':').unwrap();
    let (group, artifact) = coordinates.split_once(':').unwrap();
    let pom = std::fs::read_to_string(project.dir.join("pom.xml")).unwrap();
    let base = stage.repository();
    let build = format!(
        "<build><plugins><plugin><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
         <version>{version}</version><extensions>true</extensions><configuration>\
         <publishingServerId>vouchsafe</publishingServerId>\
         <centralBaseUrl>{}</centralBaseUrl>{settings}</configuration></plugin></plugins></build>\
         </project>",
        base.trim_end_matches('/')
    );
    project.write("pom.xml", &pom.replace("</project>", &build));
}

#[test]
fn the_portals_own_plugin_publishes_here() {
    let stage = Stage::new(&real_upstream());
    let project = modules(&stage.home, "p", "1.0.0");
    let automatic = "<autoPublish>true</autoPublish><waitUntil>published</waitUntil>";
    with_plugin(&project, &stage, automatic);
    stage.home.mvn(Maven::V3_9, &project.dir, &["deploy"]).ok();
    for module in ["core", "app"] {
        let path = format!("com/acme/{module}/1.0.0/{module}-1.0.0.jar");
        assert_eq!(stage.anybody().get(&path).status, 200, "{path}");
    }
    let changed = modules(&stage.home, "p", "1.0.0");
    changed.write("core/src/main/resources/added.txt", "added");
    with_plugin(&changed, &stage, automatic);
    let refused = stage.home.mvn(Maven::V3_9, &changed.dir, &["clean", "deploy"]).fails();
    refused.says("pkg:maven/com.acme/core@1.0.0").says("a release never changes");
}
