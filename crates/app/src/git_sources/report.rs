//! What an import came to, for people.

/// Characters of a reason that a note shows.
const SHOWN_CHARS: usize = 160;

/// What an import came to.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Tags that are releases now.
    pub published: Vec<String>,
    /// Tags that were refused.
    pub refused: Vec<RefusedTag>,
    /// Published tags that lead somewhere else since the last import. Their releases stay.
    pub moved: Vec<String>,
    /// How many new tags wait for the next run.
    pub left: usize,
}

/// A tag that was refused.
#[derive(Debug, Clone)]
pub struct RefusedTag {
    /// Its name.
    pub tag: String,
    /// Why.
    pub reason: String,
}

impl ImportReport {
    pub(super) fn is_empty(&self) -> bool {
        self.published.is_empty() && self.refused.is_empty() && self.moved.is_empty()
    }

    /// Takes in what a further run came to.
    pub(super) fn add(&mut self, next: Self) {
        self.published.extend(next.published);
        self.refused.extend(next.refused);
        self.moved.extend(next.moved);
        self.left = next.left;
    }

    /// One line about it.
    pub(super) fn note(&self) -> String {
        if self.is_empty() {
            return "nothing new".to_owned();
        }
        let mut parts = Vec::new();
        for (count, what) in [
            (self.published.len(), "published"),
            (self.refused.len(), "refused"),
            (self.moved.len(), "moved since they were published"),
            (self.left, "left for the next run"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let note = parts.join(", ");
        match self.refused.first() {
            Some(RefusedTag { tag, reason }) => {
                let reason: String = reason.chars().take(SHOWN_CHARS).collect();
                format!("{note}; {tag}: {reason}")
            }
            None => note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_says_what_happened() {
        let mut report = ImportReport::default();
        assert_eq!(report.note(), "nothing new");
        report.published = vec!["v1".to_owned(), "v2".to_owned()];
        assert_eq!(report.note(), "2 published");
        let (tag, reason) = ("v3".to_owned(), "no composer.json".to_owned());
        report.add(ImportReport {
            refused: vec![RefusedTag { tag, reason }],
            ..ImportReport::default()
        });
        assert_eq!(report.note(), "2 published, 1 refused; v3: no composer.json");
    }
}
