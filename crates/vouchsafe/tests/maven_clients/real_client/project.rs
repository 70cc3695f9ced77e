//! Projects on disk.

use std::path::{Path, PathBuf};

use crate::stage::Home;

/// What every pom here begins with.
pub(crate) const MODEL: &str = "<modelVersion>4.0.0</modelVersion>";
/// Debian's Maven builds for a Java that its compiler has forgotten, unless it is told.
pub(crate) const PROPERTIES: &str = "<properties><maven.compiler.source>17</maven.compiler.source>\
     <maven.compiler.target>17</maven.compiler.target>\
     <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>";

/// A folder with a build, and the home it is built in.
pub(crate) struct Project<'a> {
    pub(crate) home: &'a Home,
    pub(crate) dir: PathBuf,
}

impl Project<'_> {
    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.dir.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    #[track_caller]
    pub(crate) fn has(&self, path: &str) {
        let file = self.dir.join(path);
        assert!(file.is_file(), "{} is missing", file.display());
    }
}

/// An empty project.
pub(crate) fn project<'a>(home: &'a Home, name: &str) -> Project<'a> {
    Project { home, dir: home.sandbox.dir(name) }
}

/// A pom and two modules, of which one needs the other; nothing says where they are deployed to.
pub(crate) fn modules<'a>(home: &'a Home, name: &str, version: &str) -> Project<'a> {
    let project = project(home, name);
    let parent = format!(
        "<groupId>com.acme</groupId><artifactId>parent</artifactId><version>{version}</version>"
    );
    project.write(
        "pom.xml",
        &format!(
            "<project>{MODEL}{parent}<packaging>pom</packaging>\
             <modules><module>core</module><module>app</module></modules>{PROPERTIES}</project>"
        ),
    );
    let module = |name: &str, more: &str| {
        let text = format!(
            "<project>{MODEL}<parent>{parent}</parent><artifactId>{name}</artifactId>{more}</project>"
        );
        project.write(&format!("{name}/pom.xml"), &text);
    };
    module("core", "");
    module("app", &dependencies(&[("com.acme", "core", "${project.version}")]));
    let core = "package acme; public class Core { public static int answer() { return 42; } }\n";
    project.write("core/src/main/java/acme/Core.java", core);
    let app = "package acme; public class App { public static int ANSWER = Core.answer(); }\n";
    project.write("app/src/main/java/acme/App.java", app);
    project
}

/// A project whose one class has this text in its body.
pub(crate) fn consumer<'a>(home: &'a Home, name: &str, more: &str, body: &str) -> Project<'a> {
    let project = project(home, name);
    let text = format!(
        "<project>{MODEL}<groupId>org.user</groupId><artifactId>user</artifactId>\
         <version>1</version>{PROPERTIES}{more}</project>"
    );
    project.write("pom.xml", &text);
    let class = format!("package user; public class User {{ {body} }}\n");
    project.write("src/main/java/user/User.java", &class);
    project
}

/// The section of a pom that names these.
pub(crate) fn dependencies(all: &[(&str, &str, &str)]) -> String {
    let all: String = all
        .iter()
        .map(|(group, artifact, version)| {
            format!(
                "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
                 <version>{version}</version></dependency>"
            )
        })
        .collect();
    format!("<dependencies>{all}</dependencies>")
}

/// The section of a pom that names the registry, with snapshots.
pub(crate) fn repositories(url: &str) -> String {
    format!(
        "<repositories><repository><id>vouchsafe</id><url>{url}</url>\
         <snapshots><enabled>true</enabled><updatePolicy>always</updatePolicy></snapshots>\
         </repository></repositories>"
    )
}

/// Whether a folder has a file whose name begins like this.
pub(crate) fn any_file(dir: &Path, start: &str) -> bool {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(start))
}
