//! What holds for every page: escaping, the content security policy, structure, addresses.

mod samples;

use vouchsafe_portal::pages::package::package;
use vouchsafe_portal::pages::withheld::withheld;
use vouchsafe_portal::pages::{docs, error_code};
use vouchsafe_portal::{CONTENT_SECURITY_POLICY, assets};

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u{202e}";

/// The tags of a page: what stands between `<` and `>`.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

#[test]
fn what_strangers_write_never_becomes_markup() {
    for (name, html) in samples::pages_with(HOSTILE, "javascript:alert(1)").unwrap() {
        for tag in tags(&html) {
            assert!(!tag.starts_with("script") && !tag.starts_with("img"), "{name}: <{tag}>");
            // Inside quotes the text is inert; what is left outside must be ours.
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(!outside.contains("onerror"), "{name}: <{tag}>");
        }
        assert!(!html.contains("href=\"javascript"), "{name}");
        assert!(!html.contains("<script") && !html.contains("<img"), "{name}");
    }
}

#[test]
fn every_page_fits_the_content_security_policy() {
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none';"));
    for (name, html) in samples::all_pages().unwrap() {
        for tag in tags(&html) {
            let element = tag.split(' ').next().unwrap_or_default();
            let forbidden = ["script", "style", "iframe", "object", "embed", "base", "img"];
            assert!(!forbidden.contains(&element), "{name}: <{tag}>");
            assert!(!tag.contains(" style=") && !tag.contains(" on"), "{name}: <{tag}>");
        }
    }
}

#[test]
fn every_page_has_the_landmarks_and_one_first_heading() {
    for (name, html) in samples::all_pages().unwrap() {
        for part in [
            "<html lang=\"en\">",
            "<a class=\"skip\" href=\"#content\">",
            "<main id=\"content\"",
            "<nav aria-label=\"Main\">",
            "<footer",
            "name=\"viewport\"",
        ] {
            assert_eq!(html.matches(part).count(), 1, "{name}: {part}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{name}: first headings");
        assert!(!html.contains("<title> "), "{name}: a title");
    }
}

#[test]
fn every_input_has_a_label() {
    for (name, html) in samples::all_pages().unwrap() {
        for tag in tags(&html) {
            if tag.starts_with("input") && !tag.contains("type=\"hidden\"") {
                let id = tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                assert!(html.contains(&format!("<label for=\"{id}\">")), "{name}: <{tag}>");
            }
        }
    }
}

#[test]
fn every_asset_a_page_names_is_served() {
    for (name, html) in samples::all_pages().unwrap() {
        let named: Vec<&str> =
            html.split('"').filter(|value| value.starts_with("/assets/")).collect();
        assert_eq!(named.len(), 2, "{name}");
        for path in named {
            assert!(assets().iter().any(|asset| asset.path == path), "{name}: {path}");
        }
    }
}

#[test]
fn every_link_of_our_own_leads_to_a_known_page() {
    let ctx = samples::context();
    for (name, html) in samples::all_pages().unwrap() {
        for path in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if let Some(code) = path.strip_prefix("/errors/") {
                assert!(error_code::error_code(&ctx, code).unwrap().is_some(), "{name}: {path}");
            } else if let Some(rest) = path.strip_prefix("/docs/") {
                let (section, slug) = rest.split_once('/').unwrap();
                let found = docs::document(&ctx, section, slug).unwrap();
                assert!(found.is_some(), "{name}: {path}");
            } else {
                let known = ["/assets/", "/search", "/me", "/packages/", "/withheld/", "https://"];
                let is_known = matches!(path, "/" | "/docs" | "/errors" | "#content")
                    || known.iter().any(|start| path.starts_with(start));
                assert!(is_known, "{name}: {path}");
            }
        }
    }
}

#[test]
fn a_publishers_address_is_a_link_only_when_it_is_a_web_address() {
    let ctx = samples::context();
    for (address, is_link) in [
        ("https://repo.example/x", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("git+ssh://repo.example/x", false),
    ] {
        let html = package(&ctx, &samples::package_view("", address)).unwrap();
        let link = format!("<a href=\"{address}\" rel=\"nofollow noopener ugc\">");
        assert_eq!(html.contains(&link), is_link, "{address}");
    }
}

#[test]
fn a_secret_is_shown_in_its_form_and_on_its_page_only() {
    let pages = samples::all_pages().unwrap();
    let with = |secret: &str| -> Vec<&str> {
        let pages = pages.iter().filter(|(_, html)| html.contains(secret));
        pages.map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(with("vs_5J3m"), ["me_token"]);
    assert_eq!(with("value=\"code-1\""), ["login"]);
    assert_eq!(with("****"), [] as [&str; 0]);
}

#[test]
fn a_release_is_promised_only_when_every_reason_ends() {
    let ctx = samples::context();
    let mut view = samples::withheld_view("");
    let html = withheld(&ctx, &view).unwrap();
    assert!(html.contains("for 2 reasons") && !html.contains("without anybody doing anything"));
    assert!(html.contains("vouchsafe policy allow pkg:npm/left-pad@1.3.1 --reason"));
    view.reasons.truncate(1);
    let html = withheld(&ctx, &view).unwrap();
    assert!(html.contains("without anybody doing anything") && html.contains("in 2 days"));
    assert!(html.contains("vouchsafe policy exempt pkg:npm/left-pad@1.3.1 --reason"));
    assert!(!html.contains("policy allow"));
}

#[test]
fn only_real_codes_have_a_page() {
    let ctx = samples::context();
    assert!(error_code::error_code(&ctx, "policy.cooldown").unwrap().is_some());
    for wrong in ["", "policy", "policy.cooldown.md", "../guides/npm", "POLICY.COOLDOWN"] {
        assert!(error_code::error_code(&ctx, wrong).unwrap().is_none(), "{wrong}");
    }
}
