//! The colors of both themes reach WCAG 2.2 AA: 4.5:1 for text, 3:1 for edges of controls.

#![allow(clippy::unwrap_used, reason = "a stylesheet of ours that cannot be read fails the test")]

use std::collections::HashMap;

const CSS: &str = include_str!("../assets/portal.css");

/// The `--name: #rrggbb` pairs of one `:root` block.
fn colors(block: &str) -> HashMap<&str, [f64; 3]> {
    let body = block.split('}').next().unwrap();
    let pairs = body.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
    pairs
        .map(|(name, hex)| {
            let channel = |at: usize| {
                let value = u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            (name, [channel(0), channel(2), channel(4)])
        })
        .collect()
}

/// Relative luminance and contrast ratio as WCAG 2.2 defines them.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn both_themes_reach_aa() {
    let themes: Vec<_> = CSS.split(":root {").skip(1).map(colors).collect();
    assert_eq!(themes.len(), 2, "a light and a dark theme");
    for theme in themes {
        for (front, back, least) in [
            ("ink", "paper", 4.5),
            ("ink", "sheet", 4.5),
            ("ink", "wash", 4.5),
            ("ink", "stop-wash", 4.5),
            ("quiet", "paper", 4.5),
            ("quiet", "wash", 4.5),
            ("accent", "paper", 4.5),
            ("accent", "wash", 4.5),
            ("accent", "stop-wash", 4.5),
            ("on-accent", "accent", 4.5),
            ("warn", "warn-wash", 4.5),
            ("stop", "stop-wash", 4.5),
            ("edge", "paper", 3.0),
            ("edge", "sheet", 3.0),
        ] {
            let ratio = contrast(theme[front], theme[back]);
            assert!(ratio >= least, "{front} on {back}: {ratio:.2}");
        }
    }
}
