//! Git repositories whose tags become releases.
//!
//! The secret of a webhook is kept as it is: an HMAC is checked with the secret itself, so a hash
//! would not do. All it is good for is to have a repository looked at now.

use vouchsafe_domain::event::NewEvent;
use vouchsafe_domain::{
    AccountId, EcosystemId, GitSourceId, PackageRef, RegistryId, Secret, Timestamp,
};

use crate::connection::without_nul;
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// Declares a closed list of words of a column.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word in the database, and for people.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(UnknownWord) }
            }
        }
    };
}

/// A word that this version of the program does not know.
#[derive(Debug, thiserror::Error)]
#[error("the word is unknown")]
pub struct UnknownWord;

words! {
    /// How the last import went.
    GitSourceState {
        /// There was none yet.
        New => "new",
        /// The repository was read.
        Fine => "fine",
        /// The repository could not be read, or the account may not publish.
        Failed => "failed",
    }
}

words! {
    /// What became of a tag.
    GitTagOutcome {
        /// It is a release.
        Published => "published",
        /// It was refused, and is not tried again by itself while it leads to the same object.
        Refused => "refused",
    }
}

/// A repository to be added.
#[derive(Debug, Clone)]
pub struct NewGitSource {
    /// Its id.
    pub id: GitSourceId,
    /// The registry.
    pub registry_id: RegistryId,
    /// Which package its tags are releases of.
    pub package: PackageRef,
    /// Where it lies.
    pub url: String,
    /// In whose name is published.
    pub account_id: AccountId,
    /// What a webhook proves itself with.
    pub webhook_secret: Secret,
}

/// A repository.
#[derive(Debug, Clone)]
pub struct GitSourceRow {
    /// Its id.
    pub id: GitSourceId,
    /// The ecosystem of its package.
    pub ecosystem: EcosystemId,
    /// The canonical name of its package.
    pub canonical: String,
    /// Where it lies.
    pub url: String,
    /// In whose name is published.
    pub account_id: AccountId,
    /// What a webhook proves itself with.
    pub webhook_secret: Secret,
    /// How the last import went.
    pub state: GitSourceState,
    /// What there is to say about it.
    pub note: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// The last import, however it ended.
    pub tried_at: Option<Timestamp>,
    /// The last import that went through.
    pub imported_at: Option<Timestamp>,
}

/// What became of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitTagRow {
    /// Its name.
    pub tag: String,
    /// The object that it led to then, in hexadecimal.
    pub target: String,
    /// What became of it.
    pub outcome: GitTagOutcome,
    /// Why.
    pub note: String,
    /// Where it led later, after it was published.
    pub moved_to: Option<String>,
    /// When this was decided.
    pub decided_at: Timestamp,
}

/// How an import ended.
#[derive(Debug, Clone)]
pub struct EndedImport {
    /// Which repository.
    pub source: GitSourceId,
    /// How it went.
    pub state: GitSourceState,
    /// What there is to say about it.
    pub note: String,
    /// Told in the same transaction.
    pub event: Option<NewEvent>,
    /// When.
    pub now: Timestamp,
}

statements! {
    INSERT_SOURCE =
        "INSERT INTO git_sources (id, registry_id, ecosystem, canonical, url, account_id,
                                  webhook_secret, state, note, created_at, tried_at, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, NULL, NULL)
         ON CONFLICT (registry_id, ecosystem, canonical) DO NOTHING";

    FIND_SOURCE =
        "SELECT id, ecosystem, canonical, url, account_id, webhook_secret, state, note, created_at,
                tried_at, imported_at
         FROM git_sources WHERE id = $1";

    LIST_SOURCES =
        "SELECT id, ecosystem, canonical, url, account_id, webhook_secret, state, note, created_at,
                tried_at, imported_at
         FROM git_sources WHERE registry_id = $1 ORDER BY ecosystem, canonical";

    DELETE_TAGS = "DELETE FROM git_tags WHERE source_id = $1";

    DELETE_SOURCE = "DELETE FROM git_sources WHERE id = $1";

    END_IMPORT =
        "UPDATE git_sources SET state = $2, note = $3, tried_at = $4,
             imported_at = CASE WHEN $2 = 'fine' THEN $4 ELSE imported_at END
         WHERE id = $1";

    LIST_TAGS =
        "SELECT tag, target, outcome, note, moved_to, decided_at FROM git_tags
         WHERE source_id = $1 ORDER BY tag";

    LOCK_SOURCE = "UPDATE git_sources SET state = state WHERE id = $1";

    PUT_TAG =
        "INSERT INTO git_tags (source_id, tag, target, outcome, note, moved_to, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (source_id, tag) DO UPDATE SET
             target = excluded.target, outcome = excluded.outcome, note = excluded.note,
             moved_to = excluded.moved_to, decided_at = excluded.decided_at";
}

type Record =
    (String, String, String, String, String, String, String, String, i64, Option<i64>, Option<i64>);

fn decode(record: Record) -> Result<GitSourceRow, StoreError> {
    let (id, ecosystem, canonical, url, account, secret, state, note, created, tried, imported) =
        record;
    Ok(GitSourceRow {
        id: stored("git_sources.id", &id)?,
        ecosystem: stored("git_sources.ecosystem", &ecosystem)?,
        canonical,
        url,
        account_id: stored("git_sources.account_id", &account)?,
        webhook_secret: Secret::new(secret),
        state: stored("git_sources.state", &state)?,
        note,
        created_at: Timestamp::from_micros(created),
        tried_at: tried.map(Timestamp::from_micros),
        imported_at: imported.map(Timestamp::from_micros),
    })
}

impl Store {
    /// Adds a repository. False: the package has one already, and that one stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn add_git_source(
        &self,
        new: NewGitSource,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write((new, event, now), |tx, (new, event, now)| {
            Box::pin(async move {
                let rows = both!(
                    tx,
                    execute(
                        INSERT_SOURCE,
                        new.id.to_string(),
                        new.registry_id.to_string(),
                        new.package.ecosystem.as_str(),
                        new.package.name.canonical(),
                        new.url.as_str(),
                        new.account_id.to_string(),
                        new.webhook_secret.expose(),
                        GitSourceState::New.as_str(),
                        now.as_micros(),
                    )
                )?;
                if rows > 0 {
                    tx.event(event, *now).await?;
                }
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// Removes a repository and what is known of its tags. Releases stay. Returns whether it was
    /// there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_git_source(
        &self,
        id: GitSourceId,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write((id.to_string(), event, now), |tx, (id, event, now)| {
            Box::pin(async move {
                both!(tx, execute(DELETE_TAGS, id.as_str()))?;
                let rows = both!(tx, execute(DELETE_SOURCE, id.as_str()))?;
                if rows > 0 {
                    tx.event(event, *now).await?;
                }
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// A repository.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_git_source(
        &self,
        id: GitSourceId,
    ) -> Result<Option<GitSourceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(reader, fetch_optional::<Record>(FIND_SOURCE, id.to_string()))?;
        record.map(decode).transpose()
    }

    /// All repositories of a registry, by package.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_git_sources(
        &self,
        registry_id: RegistryId,
    ) -> Result<Vec<GitSourceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(reader, fetch_all::<Record>(LIST_SOURCES, registry_id.to_string()))?;
        records.into_iter().map(decode).collect()
    }

    /// What became of the tags of a repository.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn git_tags(&self, source: GitSourceId) -> Result<Vec<GitTagRow>, StoreError> {
        type Record = (String, String, String, String, Option<String>, i64);

        let mut reader = self.reader().await?;
        let records = both!(reader, fetch_all::<Record>(LIST_TAGS, source.to_string()))?;
        let decode = |(tag, target, outcome, note, moved_to, decided_at): Record| {
            let outcome = stored("git_tags.outcome", &outcome)?;
            let decided_at = Timestamp::from_micros(decided_at);
            Ok(GitTagRow { tag, target, outcome, note, moved_to, decided_at })
        };
        records.into_iter().map(decode).collect()
    }

    /// Writes down what became of a tag. Nothing is written when the repository was removed
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn put_git_tag(
        &self,
        source: GitSourceId,
        row: GitTagRow,
        event: Option<NewEvent>,
    ) -> Result<(), StoreError> {
        self.write((source.to_string(), row, event), |tx, (source, row, event)| {
            Box::pin(async move {
                if both!(tx, execute(LOCK_SOURCE, source.as_str()))? == 0 {
                    return Ok::<_, StoreError>(());
                }
                both!(
                    tx,
                    execute(
                        PUT_TAG,
                        source.as_str(),
                        row.tag.as_str(),
                        row.target.as_str(),
                        row.outcome.as_str(),
                        without_nul(&row.note).as_ref(),
                        row.moved_to.as_deref(),
                        row.decided_at.as_micros(),
                    )
                )?;
                if let Some(event) = event {
                    tx.event(event, row.decided_at).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Writes down how an import ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn end_git_import(&self, ended: EndedImport) -> Result<(), StoreError> {
        self.write(ended, |tx, ended| {
            Box::pin(async move {
                let rows = both!(
                    tx,
                    execute(
                        END_IMPORT,
                        ended.source.to_string(),
                        ended.state.as_str(),
                        without_nul(&ended.note).as_ref(),
                        ended.now.as_micros(),
                    )
                )?;
                if let Some(event) = ended.event.as_ref().filter(|_| rows > 0) {
                    tx.event(event, ended.now).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
    }
}
