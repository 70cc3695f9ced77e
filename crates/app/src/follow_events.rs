//! Following the event stream: what another process changed must not be served from memory here.

use std::sync::atomic::Ordering;

use vouchsafe_domain::event::Event;

use crate::{App, AppError};

/// Events read in one go.
const BATCH: u32 = 500;

impl App {
    /// Acts on every event since the last call. Called a few times a second, and it costs one
    /// indexed read when nothing happened.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store cannot be read; nothing is skipped, the next call goes on.
    pub async fn follow_events(&self) -> Result<(), AppError> {
        loop {
            let seen = i64::try_from(self.seen_seq()).unwrap_or(i64::MAX);
            let events = self.inner.store.events_after(seen, BATCH).await?;
            let Some(last) = events.last() else { return Ok(()) };
            let last = u64::try_from(last.seq).unwrap_or(0);
            for event in &events {
                self.act_on(event).await?;
            }
            self.inner.seen_seq.fetch_max(last, Ordering::Relaxed);
        }
    }

    async fn act_on(&self, event: &Event) -> Result<(), AppError> {
        let area = event.kind.split('.').next().unwrap_or_default();
        match area {
            "package" | "release" | "artifact" | "tag" | "owner" => {
                self.inner.documents.invalidate(package_of(&event.subject));
            }
            "policy" | "name" => self.reload_rules().await?,
            "token" => self.inner.credentials.forget(),
            _ => {}
        }
        Ok(())
    }
}

/// The package URL without its version.
fn package_of(subject: &str) -> &str {
    match subject.rsplit_once('@') {
        Some((package, _version)) if package.contains('/') => package,
        _ => subject,
    }
}

#[cfg(test)]
mod tests {
    use super::package_of;

    #[test]
    fn the_version_is_cut_off_and_a_scope_is_not() {
        assert_eq!(package_of("pkg:npm/%40acme/x@1.0.0"), "pkg:npm/%40acme/x");
        assert_eq!(package_of("pkg:npm/%40acme/x"), "pkg:npm/%40acme/x");
        assert_eq!(package_of("pkg:cargo/serde@1.0.0"), "pkg:cargo/serde");
    }
}
