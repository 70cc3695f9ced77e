//! The numbered stages of a publish, for those who watch them.

/// The numbered stages of a publish, in order. A crash after any of them must be harmless.
///
/// The first two are those of a deployment, whose files come one by one before its releases go
/// through all the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublishStep {
    /// The blob of a file of a deployment is durable.
    FileKept = 1,
    /// The file belongs to its deployment.
    FileStaged = 2,
    /// The files are spooled.
    Spooled = 3,
    /// The actor may publish this.
    Authorized = 4,
    /// Stated digests match the bytes.
    DigestsChecked = 5,
    /// The archives say what the request says.
    Inspected = 6,
    /// Policy has nothing against it.
    Judged = 7,
    /// The blobs are durable.
    BlobsKept = 8,
    /// The release is committed and in the event log. So are all others of its deployment.
    Committed = 9,
}

impl PublishStep {
    /// Every step, in order.
    pub const ALL: [Self; 9] = [
        Self::FileKept,
        Self::FileStaged,
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
