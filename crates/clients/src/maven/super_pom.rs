//! The address of the central repository: every project inherits it from the "super POM", which
//! is inside one of Maven's own jars.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::Env;
use crate::discovered::DiscoverError;
use crate::xml_file;

/// Where it is inside the jar, and how the jars start that may hold it.
const ENTRY: &str = "org/apache/maven/model/pom-4.0.0.xml";
const JARS: [&str; 2] = ["maven-model-builder", "maven-impl"];
/// It is a few thousand bytes.
const MAX_ENTRY_BYTES: u64 = 256 * 1024;
/// Before the folder, in what `mvn --version` prints.
const HOME_MARK: &str = "Maven home:";

/// The folder that Maven is installed in.
pub(super) fn maven_home(
    env: &Env,
    program: &Path,
    scratch: &Path,
) -> Result<Option<PathBuf>, DiscoverError> {
    let variables = [("MAVEN_SKIP_RC", "1".as_ref())];
    let finished = env
        .run(program, &["--version"], scratch, &variables)
        .map_err(|source| DiscoverError::Run { command: "mvn --version".to_owned(), source })?;
    let home = finished.stdout.lines().find_map(|line| line.split_once(HOME_MARK));
    Ok(home.map(|(_, home)| PathBuf::from(home.trim())).filter(|home| home.is_absolute()))
}

/// The address, and the jar that says it.
pub(super) fn central(home: &Path) -> Result<Option<(String, PathBuf)>, DiscoverError> {
    let Ok(entries) = fs::read_dir(home.join("lib")) else { return Ok(None) };
    let is_candidate = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".jar") && JARS.iter().any(|start| name.starts_with(start))
    };
    let mut jars: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_candidate).collect();
    jars.sort();
    for jar in jars {
        let Some(pom) = read_entry(&jar) else { continue };
        let document = xml_file::parse(&pom)
            .map_err(|reason| DiscoverError::unusable(jar.display().to_string(), reason))?;
        let lists = xml_file::children(document.root_element(), "repositories");
        let address = lists
            .flat_map(|list| xml_file::children(list, "repository"))
            .find(|repository| xml_file::child_text(*repository, "id") == Some(super::CENTRAL))
            .and_then(|repository| xml_file::child_text(repository, "url"));
        if let Some(address) = address {
            return Ok(Some((address.to_owned(), jar)));
        }
    }
    Ok(None)
}

/// The super POM in a jar, when it is there. A jar that cannot be read is passed over: there is
/// more than one candidate.
fn read_entry(jar: &Path) -> Option<String> {
    let mut archive = zip::ZipArchive::new(File::open(jar).ok()?).ok()?;
    let entry = archive.by_name(ENTRY).ok()?;
    let mut text = String::new();
    entry.take(MAX_ENTRY_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}
