//! The numbered stages of a publish, for those who watch them.

/// The numbered stages of a publish, in order. A crash after any of them must be harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublishStep {
    /// The files are spooled.
    Spooled = 1,
    /// The actor may publish this.
    Authorized = 2,
    /// Stated digests match the bytes.
    DigestsChecked = 3,
    /// The archives say what the request says.
    Inspected = 4,
    /// Policy has nothing against it.
    Judged = 5,
    /// The blobs are durable.
    BlobsKept = 6,
    /// The release is committed and in the event log.
    Committed = 7,
}

impl PublishStep {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::Spooled,
        Self::Authorized,
        Self::DigestsChecked,
        Self::Inspected,
        Self::Judged,
        Self::BlobsKept,
        Self::Committed,
    ];
}

/// Told when a publish reaches a stage. A server watches nothing; crash tests pull the plug.
pub trait PublishObserver: Send + Sync + 'static {
    /// A publish has just finished this stage.
    fn reached(&self, step: PublishStep);
}

/// Watches nothing.
impl PublishObserver for () {
    fn reached(&self, _step: PublishStep) {}
}
