//! The event stream, read side. [`WriteTx::event`](crate::connection::WriteTx) is the write side.

use vouchsafe_domain::Timestamp;
use vouchsafe_domain::event::{Event, NewEvent};

use crate::error::stored_json;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// Events in one answer at most.
const MAX_EVENTS: u32 = 10_000;

statements! {
    EVENTS_AFTER =
        "SELECT seq, kind, actor, subject, details, at FROM events
         WHERE seq > $1 ORDER BY seq LIMIT $2";

    LAST_EVENT_SEQ = "SELECT value FROM counters WHERE name = 'events'";
}

#[derive(sqlx::FromRow)]
struct EventRecord {
    seq: i64,
    kind: String,
    actor: String,
    subject: String,
    details: String,
    at: i64,
}

impl Store {
    /// The events after number `seq`, in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn events_after(&self, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let mut reader = self.reader().await?;
        let limit = i64::from(limit.min(MAX_EVENTS));
        let records = both!(reader, fetch_all::<EventRecord>(EVENTS_AFTER, seq, limit))?;
        let decode = |record: EventRecord| {
            Ok(Event {
                seq: record.seq,
                kind: record.kind,
                actor: record.actor,
                subject: record.subject,
                details: stored_json("events.details", &record.details)?,
                at: Timestamp::from_micros(record.at),
            })
        };
        records.into_iter().map(decode).collect()
    }

    /// The number of the last committed event; 0 when there is none. It grows with every change,
    /// by whichever node or command it was made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn last_event_seq(&self) -> Result<i64, StoreError> {
        let mut reader = self.reader().await?;
        Ok(both!(reader, fetch_one::<(i64,)>(LAST_EVENT_SEQ))?.0)
    }

    /// Writes an event that no change of rows belongs to, and returns its number.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was written.
    pub async fn record_event(&self, event: NewEvent, now: Timestamp) -> Result<i64, StoreError> {
        self.write((event, now), |tx, (event, now)| Box::pin(tx.event(event, *now))).await
    }
}
