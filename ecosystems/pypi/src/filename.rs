//! File names of distributions: they carry the name and the version, and installers believe them.
//!
//! An upload must follow the grammar to the letter. A file that an upstream lists may be old and
//! odd; what cannot be read for certain is left out.

use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{PackageName, Version};

use crate::{name, version};

/// What sort of distribution a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A wheel, with its python tag (`py3`, `cp312`).
    Wheel {
        /// What interpreters it is for.
        python_tag: String,
    },
    /// A source distribution.
    Sdist,
    /// An egg: nobody makes them any more, and old releases have nothing else.
    Egg {
        /// What interpreter it is for.
        python_tag: String,
    },
}

impl Kind {
    /// The word in forms and in JSON.
    pub(crate) fn package_type(&self) -> &'static str {
        match self {
            Self::Wheel { .. } => "bdist_wheel",
            Self::Sdist => "sdist",
            Self::Egg { .. } => "bdist_egg",
        }
    }

    /// The word for the interpreter it is for; source distributions say `source`.
    pub(crate) fn python_version(&self) -> &str {
        match self {
            Self::Wheel { python_tag } | Self::Egg { python_tag } => python_tag,
            Self::Sdist => "source",
        }
    }
}

/// A file name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    pub(crate) kind: Kind,
    pub(crate) version: Version,
    /// `{name}-{version}` as it stands in the file name.
    pub(crate) stem: String,
}

/// Endings of source distributions, of all times.
const SDIST_ENDINGS: [&str; 7] =
    [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar"];

/// Reads the name of a file that is uploaded for this release.
///
/// # Errors
///
/// [`NameError`] with the rule it breaks.
///
/// # Source
///
/// Wheels: "Binary distribution format", section File name convention. Source distributions:
/// PEP 625.
pub(crate) fn parse_uploaded(
    filename: &str,
    package: &PackageName,
    release: &Version,
) -> Result<Distribution, NameError> {
    let found = match filename.strip_suffix(".whl") {
        Some(stem) => parse_uploaded_wheel(stem, package)?,
        None => parse_uploaded_sdist(filename, package, release)?,
    };
    if found.version != *release {
        return Err(NameError::rule(format!(
            "`{filename}` is a file of version {}, not of {release}",
            found.version
        )));
    }
    Ok(found)
}

fn parse_uploaded_wheel(stem: &str, package: &PackageName) -> Result<Distribution, NameError> {
    let wheel = split_wheel(stem).ok_or_else(|| {
        NameError::rule(
            "a wheel is named `name-version[-build]-python-abi-platform.whl`, \
             with letters, digits, `_` and `.` in each part",
        )
    })?;
    if name::canonical(wheel.name) != package.canonical() {
        return Err(NameError::rule(format!(
            "the wheel's file name is that of project `{}`, not of `{package}`",
            name::canonical(wheel.name)
        )));
    }
    let version = version::parse(wheel.version)?;
    let kind = Kind::Wheel { python_tag: wheel.python_tag.to_owned() };
    Ok(Distribution { kind, version, stem: format!("{}-{}", wheel.name, wheel.version) })
}

fn parse_uploaded_sdist(
    filename: &str,
    package: &PackageName,
    release: &Version,
) -> Result<Distribution, NameError> {
    let version = version::normalized(release).unwrap_or_default();
    let stem = format!("{}-{version}", name::in_filename(package));
    if filename.strip_suffix(".tar.gz") != Some(&stem) {
        return Err(NameError::rule(format!(
            "`{filename}` is neither a wheel nor the source distribution `{stem}.tar.gz`; \
             current build tools name it so (PEP 625)"
        )));
    }
    Ok(Distribution { kind: Kind::Sdist, version: release.clone(), stem })
}

/// Reads the name of a file that an upstream lists for this project. `None` when it cannot be
/// told which version it is of.
pub(crate) fn parse_listed(filename: &str, package: &PackageName) -> Option<Distribution> {
    if let Some(stem) = filename.strip_suffix(".whl") {
        let wheel = split_wheel(stem)?;
        // Old tools wrote `_` for the `-` of a version.
        let version = version::parse(&wheel.version.replace('_', "-")).ok()?;
        let kind = Kind::Wheel { python_tag: wheel.python_tag.to_owned() };
        let stem = format!("{}-{}", wheel.name, wheel.version);
        let is_ours = name::canonical(wheel.name) == package.canonical();
        return is_ours.then_some(Distribution { kind, version, stem });
    }
    if let Some(stem) = filename.strip_suffix(".egg") {
        let mut parts = stem.split('-');
        let (project, version) = (parts.next()?, parts.next()?);
        let python_tag = parts.next().unwrap_or("any").to_owned();
        let is_ours = name::canonical(project) == package.canonical();
        let stem = format!("{project}-{version}");
        let version = version::parse(&version.replace('_', "-")).ok()?;
        return is_ours.then_some(Distribution { kind: Kind::Egg { python_tag }, version, stem });
    }
    let stem = SDIST_ENDINGS.iter().find_map(|ending| filename.strip_suffix(ending))?;
    let mut splits = stem.match_indices('-').filter_map(|(at, _)| stem.split_at_checked(at));
    // `foo-bar-1-1.tar.gz`: the known name says where the version starts.
    splits.find_map(|(project, rest)| {
        let version = rest.strip_prefix('-')?;
        let is_ours = name::canonical(project) == package.canonical();
        let version = is_ours.then(|| version::parse(version).ok()).flatten()?;
        Some(Distribution { kind: Kind::Sdist, version, stem: stem.to_owned() })
    })
}

struct WheelParts<'a> {
    name: &'a str,
    version: &'a str,
    python_tag: &'a str,
}

fn split_wheel(stem: &str) -> Option<WheelParts<'_>> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build, python_tag, tags) = match *parts.as_slice() {
        [name, version, python, abi, platform] => (name, version, None, python, [abi, platform]),
        [name, version, build, python, abi, platform] => {
            (name, version, Some(build), python, [abi, platform])
        }
        _ => return None,
    };
    let is_tag = |tag: &str| {
        !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
    };
    let is_build = |build: &str| build.starts_with(|c: char| c.is_ascii_digit()) && is_tag(build);
    let is_valid = is_tag(name)
        && !name.contains("__")
        && is_tag(python_tag)
        && tags.iter().all(|tag| is_tag(tag))
        && build.is_none_or(is_build);
    is_valid.then_some(WheelParts { name, version, python_tag })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_uploaded(filename: &str, accepted: bool) {
        let package = name::parse("Foo.Bar").unwrap();
        let release = version::parse("1.0").unwrap();
        let parsed = parse_uploaded(filename, &package, &release);
        assert_eq!(parsed.is_ok(), accepted, "{filename}: {parsed:?}");
    }

    #[test]
    fn uploads_follow_the_grammar() {
        check_uploaded("foo_bar-1.0-py3-none-any.whl", true);
        check_uploaded("Foo.Bar-1.0.0-1abc-cp312-cp312-linux_x86_64.whl", true);
        check_uploaded(
            "foo_bar-1.0-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            true,
        );
        check_uploaded("foo_bar-1.0.tar.gz", true);
    }

    #[test]
    fn uploads_that_break_the_grammar_are_refused() {
        let bad = [
            "foo_bar-1.0.whl",
            "foo_bar-1.0-py3-none-any.WHL",
            "foo_bar-1.0-abc-py3-none-any.whl",
            "foo__bar-1.0-py3-none-any.whl",
            "foo_bar-1.0-py3-none-an y.whl",
            "foo_bar-1.0-py3-none-.whl",
            "other-1.0-py3-none-any.whl",
            "foo_bar-2.0-py3-none-any.whl",
            "foo-bar-1.0-py3-none-any.whl",
            "foo-bar-1.0.tar.gz",
            "Foo_Bar-1.0.tar.gz",
            "foo_bar-1.0.0.tar.gz",
            "foo_bar-1.0.zip",
            "foo_bar-1.0.tar.bz2",
            "foo_bar-1.0.tar",
            "foo_bar-1.0.egg",
            "foo_bar-1.0.exe",
            ".tar.gz",
            "foo_bar-1.0-py3-none-any.whl.metadata",
        ];
        for filename in bad {
            check_uploaded(filename, false);
        }
    }

    #[track_caller]
    fn check_listed(filename: &str, expect: Option<(&str, &str, &str)>) {
        let package = name::parse("foo-bar").unwrap();
        let found = parse_listed(filename, &package);
        let found = found.as_ref().map(|found| {
            (found.version.display(), found.kind.package_type(), found.kind.python_version())
        });
        assert_eq!(found, expect, "{filename}");
    }

    #[test]
    fn listed_files_of_all_times_are_read() {
        check_listed("foo_bar-1.0+cpu-py3-none-any.whl", Some(("1.0+cpu", "bdist_wheel", "py3")));
        check_listed("foo_bar-1.0_1-py3-none-any.whl", Some(("1.0-1", "bdist_wheel", "py3")));
        check_listed("Foo-Bar-1.0.tar.gz", Some(("1.0", "sdist", "source")));
        check_listed("foo-bar-1.0-1.zip", Some(("1.0-1", "sdist", "source")));
        check_listed("foo.bar-1.0b2.tar.bz2", Some(("1.0b2", "sdist", "source")));
        check_listed("foo_bar-1.0-py2.7.egg", Some(("1.0", "bdist_egg", "py2.7")));
        check_listed("foo_bar-1.0-py2.7-linux-x86_64.egg", Some(("1.0", "bdist_egg", "py2.7")));
    }

    #[test]
    fn listed_files_that_are_not_certain_are_left_out() {
        for filename in [
            "foo-bar-1.0.win32-py2.7.exe",
            "foo-bar-1.0.deb",
            "foo-1.0.tar.gz",
            "foo-bar.tar.gz",
            "foo-bar-latest.tar.gz",
            "other_bar-1.0-py3-none-any.whl",
            "foo_bar-py3-none-any.whl",
            "foo_bar-1.0.tar.gz.asc",
            "foo_bar-1.0-py3-none-any.whl.metadata",
            "",
        ] {
            check_listed(filename, None);
        }
    }
}
