//! Texts that end up on a terminal.

/// One line without control characters. Composer prints it through a formatter that takes angle
/// brackets for markup: they become quotation marks that look alike.
pub(crate) fn for_terminal(text: &str) -> String {
    let is_override = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let readable = text.chars().map(|c| match c {
        '<' => '‹',
        '>' => '›',
        c if c.is_control() || is_override(c) => ' ',
        c => c,
    });
    readable.collect()
}
