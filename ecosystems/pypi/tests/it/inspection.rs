//! What an upload's archive must be, and what is made of it.

use std::io::Cursor;

use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Ecosystem, FormatError};
use vouchsafe_domain::Digests;
use vouchsafe_domain::call::{DraftFile, Inspected, PublishDraft};
use vouchsafe_ecosystem_pypi::PyPi;

use crate::samples::{METADATA, record, sdist, wheel, wheel_files};

const WHEEL: &str = "foo_bar-1.0-py3-none-any.whl";

fn inspect_as(
    (name, version, filename): (&str, &str, &str),
    form: &str,
    bytes: Vec<u8>,
) -> Result<Inspected, FormatError> {
    let draft = PublishDraft {
        package: PyPi.parse_name(name).unwrap(),
        version: PyPi.parse_version(version).unwrap(),
        may_extend: true,
        files: vec![DraftFile {
            filename: filename.parse().unwrap(),
            stated_digests: Digests::none(),
            stated_size_bytes: None,
        }],
        tags: Vec::new(),
        metadata: form.to_owned(),
    };
    let mut files: [Box<dyn ArtifactBytes>; 1] = [Box::new(Cursor::new(bytes))];
    PyPi.inspect(&draft, &mut files)
}

/// A form as clients send it, with some fields replaced.
fn form(filetype: &str, changes: serde_json::Value) -> String {
    let mut form = serde_json::json!({
        "metadata_version": "2.1", "name": "Foo.Bar", "version": "1.0", "filetype": filetype,
        "requires_python": ">=3.9", "requires_dist": ["b ; extra == \"x\"", "a (>=1)"],
        "comment": "built",
    });
    for (field, value) in changes.as_object().unwrap() {
        form[field] = value.clone();
    }
    form.to_string()
}

fn inspect_wheel(bytes: Vec<u8>) -> Result<Inspected, FormatError> {
    let form = form("bdist_wheel", serde_json::json!({}));
    inspect_as(("Foo.Bar", "1.0", WHEEL), &form, bytes)
}

fn good_wheel() -> Vec<u8> {
    let files = wheel_files();
    wheel(&files, Some(&record(&files)))
}

#[track_caller]
fn refuses(result: Result<Inspected, FormatError>, expect: &str) {
    let error = result.map(|_| "accepted").unwrap_err().to_string();
    assert!(error.contains(expect), "{error} does not say {expect:?}");
}

#[test]
fn a_wheel_is_taken_for_what_its_metadata_says() {
    let inspected = inspect_wheel(good_wheel()).unwrap();
    assert_eq!(inspected.summary, "A thing");
    assert_eq!(inspected.keywords, ["one", "two"]);
    let [sidecar] = inspected.derived.as_slice() else { panic!() };
    assert_eq!(sidecar.filename.as_str(), format!("{WHEEL}.metadata"));
    assert_eq!(sidecar.bytes, METADATA.as_bytes());
    insta::assert_snapshot!(inspected.file_extras[0].as_deref().unwrap(), @r#"{"packagetype":"bdist_wheel","python_version":"py3","requires_python":">=3.9","core_metadata":true,"comment_text":"built"}"#);
    insta::assert_snapshot!(inspected.manifest, @r##"{"metadata_version":"2.1","name":"Foo.Bar","version":"1.0","summary":"A thing","description":"# Foo\n","keywords":"one, two","requires_python":">=3.9","requires_dist":["a>=1","b; extra == 'x'"]}"##);
}

#[test]
fn a_source_distribution_has_one_directory_and_no_sidecar() {
    let files = [("foo_bar-1.0/PKG-INFO", METADATA), ("foo_bar-1.0/src/x.py", "")];
    let target = ("Foo.Bar", "1.0", "foo_bar-1.0.tar.gz");
    let form = form("sdist", serde_json::json!({}));
    let inspected = inspect_as(target, &form, sdist(&files)).unwrap();
    assert!(inspected.derived.is_empty());
    insta::assert_snapshot!(inspected.file_extras[0].as_deref().unwrap(), @r#"{"packagetype":"sdist","python_version":"source","requires_python":">=3.9","core_metadata":false,"comment_text":"built"}"#);

    let refuses_sdist = |files: &[(&str, &str)], expect: &str| {
        refuses(inspect_as(target, &form, sdist(files)), expect);
    };
    refuses_sdist(&[("foo_bar-1.0/x.py", "")], "no `foo_bar-1.0/PKG-INFO`");
    refuses_sdist(&[files[0], ("other/x.py", "")], "outside of `foo_bar-1.0/`");
    refuses_sdist(&[files[0], ("setup.py", "")], "outside of `foo_bar-1.0/`");
    refuses_sdist(&[files[0], files[0]], "twice");
    refuses(inspect_as(target, &form, good_wheel()), "not accepted");
}

#[test]
fn a_wheel_has_one_dist_info_directory_of_its_own_release() {
    let with = |path: &str| {
        let mut files = wheel_files();
        files.push((path.to_owned(), Vec::new()));
        let record = record(&files);
        inspect_wheel(wheel(&files, Some(&record)))
    };
    refuses(with("evil-1.0.dist-info/METADATA"), "exactly one");
    refuses(with("FOO_BAR-1.0.DIST-INFO/METADATA"), "exactly one");
    assert!(with("foo_bar/vendored-1.0.dist-info/METADATA").is_ok());

    let renamed = |from: &str, to: &str| {
        let files = wheel_files().into_iter().map(|(path, bytes)| (path.replace(from, to), bytes));
        let files: Vec<_> = files.collect();
        let record = record(&files).replace("foo_bar-1.0.dist-info/RECORD", "x");
        wheel(&files, Some(&record))
    };
    refuses(inspect_wheel(renamed("-1.0.dist", "-2.0.dist")), "exactly one");
    let mut other = wheel_files();
    other.retain(|(path, _)| !path.contains("dist-info"));
    other.push(("other-1.0.dist-info/METADATA".to_owned(), METADATA.into()));
    refuses(inspect_wheel(wheel(&other, None)), "is not the `.dist-info` directory of");
}

#[test]
fn a_wheel_without_its_own_files_is_refused() {
    for missing in ["METADATA", "WHEEL"] {
        let mut files = wheel_files();
        files.retain(|(path, _)| !path.ends_with(missing));
        let record = record(&files);
        let expect = format!("the wheel has no `foo_bar-1.0.dist-info/{missing}`");
        refuses(inspect_wheel(wheel(&files, Some(&record))), &expect);
    }
    refuses(inspect_wheel(wheel(&wheel_files(), None)), "no `foo_bar-1.0.dist-info/RECORD`");
    refuses(inspect_wheel(wheel(&[], None)), "exactly one");
}

#[test]
fn a_wheel_whose_record_is_not_true_is_refused() {
    let files = wheel_files();
    let mut changed = files.clone();
    changed[0].1.push(b'!');
    refuses(inspect_wheel(wheel(&changed, Some(&record(&files)))), "differs from its listed");
    let mut more = files.clone();
    more.push(("evil.pth".to_owned(), b"import os".to_vec()));
    refuses(inspect_wheel(wheel(&more, Some(&record(&files)))), "not listed");
    refuses(inspect_wheel(wheel(&files, Some(&record(&more)))), "not in the archive");
}

#[test]
fn archives_that_readers_do_not_agree_on_are_refused() {
    let good = good_wheel();
    refuses(inspect_wheel([b"#!", good.as_slice()].concat()), "the archive is not accepted");
    refuses(inspect_wheel([good.as_slice(), b"x"].concat()), "the archive is not accepted");
    refuses(inspect_wheel(good[..good.len() / 2].to_vec()), "the archive is not accepted");
    refuses(inspect_wheel(b"not a zip".to_vec()), "the archive is not accepted");
}

#[test]
fn archive_and_request_must_agree() {
    let inspect = |changes| {
        inspect_as(("Foo.Bar", "1.0", WHEEL), &form("bdist_wheel", changes), good_wheel())
    };
    assert!(inspect(serde_json::json!({"requires_dist": [], "requires_python": null})).is_ok());
    assert!(inspect(serde_json::json!({"requires_python": ""})).is_ok());
    refuses(inspect(serde_json::json!({"requires_python": ">=3.8"})), "`requires_python`");
    refuses(inspect(serde_json::json!({"requires_dist": ["a>=1"]})), "`requires_dist`");
    refuses(inspect(serde_json::json!({"metadata_version": "2.4"})), "`metadata_version`");
    refuses(inspect(serde_json::json!({"filetype": "sdist"})), "`filetype`");

    let other_version = METADATA.replace("Version: 1.0\n", "Version: 1.1\n");
    let other_name = METADATA.replace("Foo.Bar", "evil");
    for (metadata, expect) in
        [(other_version, "`version` is `1.1`"), (other_name, "`name` is `evil`")]
    {
        let mut files = wheel_files();
        files[2].1 = metadata.into_bytes();
        refuses(inspect_wheel(wheel(&files, Some(&record(&files)))), expect);
    }
}

#[test]
fn equal_spellings_of_name_and_version_agree() {
    let form = form("bdist_wheel", serde_json::json!({}));
    let file = "Foo.Bar-1.0.0-1-py3-none-any.whl";
    assert!(inspect_as(("foo-bar", "1", file), &form, good_wheel()).is_ok());
}

#[test]
fn names_of_the_standard_library_are_refused() {
    let form = form("bdist_wheel", serde_json::json!({}));
    let target = ("JSON", "1.0", "json-1.0-py3-none-any.whl");
    refuses(inspect_as(target, &form, good_wheel()), "standard library");
}
