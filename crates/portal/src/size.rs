//! Sizes for people, in decimal units.

/// `512 B`, `1.5 kB`, `200 MB`: three significant figures at most, rounded down.
pub(crate) fn readable_size(bytes: u64) -> String {
    let mut unit_bytes = 1u64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        if bytes / unit_bytes < 1000 {
            break;
        }
        unit_bytes *= 1000;
        unit = larger;
    }
    let whole = bytes / unit_bytes;
    let tenth = (bytes % unit_bytes).saturating_mul(10) / unit_bytes;
    if unit_bytes == 1 || whole >= 100 || tenth == 0 {
        format!("{whole} {unit}")
    } else {
        format!("{whole}.{tenth} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_use_the_largest_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (1_550, "1.5 kB"),
            (10_485_760, "10.4 MB"),
            (250_000_000, "250 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(readable_size(bytes), expected);
        }
    }
}
