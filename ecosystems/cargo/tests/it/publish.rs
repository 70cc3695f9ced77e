//! The publish body, whole, in pieces, and hostile.

use proptest::prelude::*;
use vouchsafe_adapter::WireError;
use vouchsafe_domain::call::Call;

use crate::fixtures::{publish_body, publish_in_chunks};

const METADATA: &str = r#"{"name":"Demo-Crate","vers":"1.0.0+b","deps":[],"features":{}}"#;

#[track_caller]
fn check_refused(body: &[u8], because: &str) {
    let error = publish_in_chunks([body]).map(|_| ()).expect_err("was accepted");
    assert!(error.to_string().contains(because), "{error} does not say {because:?}");
}

#[test]
fn a_body_becomes_a_draft_and_a_file() {
    let body = publish_body(METADATA.as_bytes(), b"crate bytes");
    let (call, files) = publish_in_chunks([&body[..]]).unwrap();
    let Call::Publish(draft) = call else { panic!("{call:?}") };
    assert_eq!(files, [b"crate bytes"]);
    assert_eq!(draft.package.display(), "Demo-Crate");
    assert_eq!(draft.version.display(), "1.0.0+b");
    assert!(!draft.may_extend);
    let [file] = &draft.files[..] else { panic!("{:?}", draft.files) };
    assert_eq!(file.filename.as_str(), "demo-crate-1.0.0+b.crate");
    assert_eq!(file.stated_size_bytes, Some(11));
}

#[test]
fn a_body_that_ends_early_is_refused_wherever_it_ends() {
    let body = publish_body(METADATA.as_bytes(), b"crate bytes");
    for cut in 0..body.len() {
        let error = publish_in_chunks([&body[..cut]]).map(|_| ()).expect_err("was accepted");
        assert!(matches!(error, WireError::Truncated { .. }), "cut at {cut}: {error}");
    }
}

#[test]
fn lengths_that_lie_are_refused() {
    let body = publish_body(METADATA.as_bytes(), b"crate bytes");
    check_refused(&[&body[..], b"x"].concat(), "something follows the crate");
    check_refused(&publish_body(METADATA.as_bytes(), b""), "empty");
    check_refused(&publish_body(b"", b"x"), "metadata");
    check_refused(&u32::MAX.to_le_bytes(), "larger than 1048576 bytes");
    check_refused(&(1024_u32 * 1024 + 1).to_le_bytes(), "larger than 1048576 bytes");
    let mut short = body;
    short[0] -= 1;
    check_refused(&short, "metadata cannot be read");
}

#[test]
fn bad_names_and_versions_are_refused_before_the_crate_is_read() {
    let with = |name: &str, vers: &str| {
        let metadata = serde_json::json!({ "name": name, "vers": vers }).to_string();
        // No crate follows: the refusal must come from the metadata alone.
        let mut body = publish_body(metadata.as_bytes(), b"");
        body.truncate(body.len() - 4);
        body
    };
    for name in ["", "../x", "a/b", "a\r\nb", "1a", "a::b", "é", "std", "NUL", "proc-macro"] {
        check_refused(&with(name, "1.0.0"), "not a valid package name");
    }
    for version in ["", "1", "1.0.0/..", "1.0.0 ", "latest", "1.0.0-\u{202e}"] {
        check_refused(&with("a", version), "not a valid version");
    }
}

#[test]
fn metadata_that_is_not_what_cargo_sends_is_refused() {
    for bad in ["[]", "null", "{}", r#"{"name":1,"vers":"1.0.0"}"#, "{\"name\":\"a\"", "\u{feff}{}"]
    {
        check_refused(&publish_body(bad.as_bytes(), b"x"), "metadata cannot be read");
    }
    check_refused(&publish_body(b"\xff\xfe", b"x"), "metadata cannot be read");
    let deep = "[".repeat(100_000);
    let metadata = format!(r#"{{"name":"a","vers":"1.0.0","deps":{deep}"#);
    check_refused(&publish_body(metadata.as_bytes(), b"x"), "metadata cannot be read");
}

proptest! {
    #[test]
    fn chunk_boundaries_mean_nothing(mut cuts in prop::collection::vec(0_usize..200, 0..8)) {
        let body = publish_body(METADATA.as_bytes(), &[7; 90]);
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(body.len()));
        cuts.sort_unstable();
        cuts.push(body.len());
        let mut start = 0;
        let chunks = cuts.into_iter().map(|cut| &body[std::mem::replace(&mut start, cut)..cut]);
        let (call, files) = publish_in_chunks(chunks).unwrap();
        prop_assert!(matches!(call, Call::Publish(_)));
        prop_assert_eq!(files, [vec![7; 90]]);
    }

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = publish_in_chunks([&body[..]]);
        let _ = publish_in_chunks([&publish_body(&body, &body)[..]]);
    }
}
