//! `cargo search`.

use crate::stage::Stage;

#[test]
fn crates_are_found_by_name_description_and_keyword() {
    let stage = Stage::new("");
    let parser = stage.krate("tiny-parser", "0.1.0").manifest("keywords = [\"grammar\"]");
    parser.write().publish().ok();
    stage.publish("tiny-parser", "0.2.0");
    stage.publish("other-thing", "1.0.0");
    let search = |args: &[&str]| {
        let all = [&["search", "--registry", "vouchsafe"], args].concat();
        stage.home.run(stage.home.home(), "cargo", &all).ok().stdout
    };
    assert_eq!(search(&["parser"]), "tiny-parser = \"0.2.0\"    # The crate tiny-parser\n");
    assert!(search(&["tiny-parser"]).starts_with("tiny-parser = \"0.2.0\""));
    assert_eq!(search(&["absolutely-nothing"]), "");
    assert_eq!(search(&["crate"]).lines().count(), 2, "both descriptions have the word");
    let limited = search(&["crate", "--limit", "1"]);
    assert!(limited.contains("... and 1 crates more"), "{limited}");
    // Words of a query language are words.
    assert_eq!(search(&["\" OR 1=1 --", "%", "*"]), "");
}
