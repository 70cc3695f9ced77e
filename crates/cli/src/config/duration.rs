//! Times as operators write them: `0`, `90s`, `30m`, `72h`, `3d`, `2w`.

use std::time::Duration;

use anyhow::{Context, bail};

pub(super) fn parse(text: &str) -> anyhow::Result<Duration> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let unit_secs: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => bail!("`{text}` is not a time; write 90s, 30m, 72h, 3d or 2w"),
    };
    let count: u64 = digits.parse().with_context(|| format!("`{text}` is not a time"))?;
    let secs = count.checked_mul(unit_secs).with_context(|| format!("`{text}` is too long"))?;
    Ok(Duration::from_secs(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, secs) in
            [("0", 0), ("90s", 90), ("72h", 259_200), ("3d", 259_200), ("2w", 1_209_600)]
        {
            assert_eq!(parse(text).unwrap(), Duration::from_secs(secs), "{text}");
        }
        for bad in ["", "d", "3", "3 days", "-1d", "99999999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
