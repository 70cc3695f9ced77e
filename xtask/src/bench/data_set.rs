//! What every server is filled with: the same packages with the same bytes, made from a seed.

use super::archive;
use super::huge_wheel::{self, Filling};
use super::wire::Ecosystem;

/// Size of the small artifact, in bytes.
const SMALL_BYTES: usize = 10_000;

/// Size of the big artifact, in bytes.
const BIG_BYTES: usize = 5_000_000;

/// Size of the artifacts of the large package, in bytes.
const LARGE_BYTES: usize = 1_000;

/// The package with the huge artifact.
const HUGE_NAME: &str = "bench-huge";

/// Dependencies that each version of the large package names.
const DEPENDENCIES: usize = 10;

/// Versions of each package that fills the index.
const FILLER_VERSIONS: usize = 2;

/// How large a data set is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Versions of the large package.
    pub(crate) versions: usize,
    /// Further packages that fill the index.
    pub(crate) packages: usize,
    /// Size of the huge artifact, in bytes; 0 is none.
    pub(crate) huge_bytes: usize,
}

/// The packages of one ecosystem.
#[derive(Debug)]
pub(crate) struct DataSet {
    /// Whose.
    pub(crate) ecosystem: Ecosystem,
    size: Size,
}

/// One version of one package, with its archive.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// The package.
    pub(crate) package: String,
    /// The version.
    pub(crate) version: String,
    /// Packages it depends on.
    pub(crate) dependencies: Vec<String>,
    /// Name of its one file.
    pub(crate) filename: String,
    /// The file.
    pub(crate) archive: Vec<u8>,
}

impl DataSet {
    /// A data set of this size.
    pub(crate) fn new(ecosystem: Ecosystem, size: Size) -> Self {
        Self { ecosystem, size }
    }

    /// The package with one version and a small artifact.
    pub(crate) fn tiny(&self) -> Release {
        self.release("bench-tiny", 0, 0, SMALL_BYTES)
    }

    /// The package with one version and a big artifact.
    pub(crate) fn big(&self) -> Release {
        self.release("bench-big", 0, 0, BIG_BYTES)
    }

    /// The package with one version and a huge artifact, where there is one.
    pub(crate) fn huge(&self) -> Option<Release> {
        if self.ecosystem != Ecosystem::Pypi || self.size.huge_bytes == 0 {
            return None;
        }
        let wheel = Filling::new(self.size.huge_bytes).wheel(HUGE_NAME);
        Some(Release {
            package: wheel.package,
            version: huge_wheel::VERSION.to_owned(),
            dependencies: Vec::new(),
            filename: wheel.filename,
            archive: [wheel.head.as_slice(), &wheel.tail].concat(),
        })
    }

    /// What [`huge`](Self::huge) is called, without its bytes.
    pub(crate) fn huge_reference(&self) -> Release {
        Release {
            package: HUGE_NAME.to_owned(),
            version: huge_wheel::VERSION.to_owned(),
            dependencies: Vec::new(),
            filename: format!(
                "{}-{}-py3-none-any.whl",
                HUGE_NAME.replace('-', "_"),
                huge_wheel::VERSION
            ),
            archive: Vec::new(),
        }
    }

    /// The size of the huge artifact, in bytes.
    pub(crate) fn huge_bytes(&self) -> usize {
        self.size.huge_bytes
    }

    /// The name of the package with many versions.
    pub(crate) fn large_name(&self) -> &'static str {
        "bench-large"
    }

    /// All versions of the package with many versions, at most `limit`.
    pub(crate) fn large(&self, limit: usize) -> impl Iterator<Item = Release> {
        (0..self.size.versions.min(limit))
            .map(|number| self.release(self.large_name(), number, DEPENDENCIES, LARGE_BYTES))
    }

    /// The packages that fill the index, at most `limit` releases.
    pub(crate) fn filler(&self, limit: usize) -> impl Iterator<Item = Release> {
        (0..self.size.packages)
            .flat_map(|package| (0..FILLER_VERSIONS).map(move |version| (package, version)))
            .take(limit)
            .map(|(package, version)| {
                self.release(&format!("bench-filler-{package}"), version, 2, SMALL_BYTES)
            })
    }

    /// A package of this name with one version and a small artifact.
    pub(crate) fn named(&self, package: &str) -> Release {
        self.release(package, 0, 2, SMALL_BYTES)
    }

    /// Packages of one version and 10 kB each, for measuring publishes one by one.
    pub(crate) fn singles(&self, prefix: &str, count: usize) -> impl Iterator<Item = Release> {
        (0..count).map(move |number| self.release(&format!("{prefix}-{number}"), 0, 2, SMALL_BYTES))
    }

    fn release(&self, package: &str, number: usize, dependencies: usize, bytes: usize) -> Release {
        let package = package.to_owned();
        let version = format!("1.{}.{}", number / 10, number % 10);
        let dependencies: Vec<String> =
            (0..dependencies).map(|n| format!("bench-filler-{n}")).collect();
        let (filename, archive) =
            archive::build(self.ecosystem, &package, &version, &dependencies, bytes);
        Release { package, version, dependencies, filename, archive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_is_the_same_every_time() {
        for ecosystem in Ecosystem::ALL {
            let data = DataSet::new(ecosystem, Size { versions: 12, packages: 2, huge_bytes: 0 });
            assert_eq!(data.tiny().archive, data.tiny().archive);
            assert_eq!(data.large(usize::MAX).count(), 12);
            assert_eq!(data.filler(usize::MAX).count(), 2 * FILLER_VERSIONS);
        }
    }

    #[test]
    fn artifacts_have_about_the_size_that_is_asked_for() {
        for ecosystem in Ecosystem::ALL {
            let data = DataSet::new(ecosystem, Size { versions: 1, packages: 0, huge_bytes: 0 });
            let small = data.tiny().archive.len();
            assert!((SMALL_BYTES..SMALL_BYTES + 1_500).contains(&small), "{small}");
        }
    }

    #[test]
    fn versions_of_the_large_package_differ() {
        let data =
            DataSet::new(Ecosystem::Npm, Size { versions: 1_000, packages: 0, huge_bytes: 0 });
        let versions: std::collections::BTreeSet<String> =
            data.large(usize::MAX).map(|release| release.version).collect();
        assert_eq!(versions.len(), 1_000);
    }
}
