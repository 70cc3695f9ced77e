//! Counting installations that a client reports. What it says is counted, never believed: any
//! client may say anything, so only releases that are published here count.

use std::collections::BTreeMap;

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::{PackageName, PackageRef, Version};
use vouchsafe_store::DownloadCount;

use crate::{App, AppError, CallContext, REGISTRY};

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

impl App {
    /// Adds reported installations to the counts of their releases.
    pub(crate) async fn count_installs(
        &self,
        context: &CallContext<'_>,
        installs: Vec<(PackageName, Version)>,
    ) -> Result<Answer, AppError> {
        self.authorize_read(context)?;
        let mut counts: BTreeMap<(String, String), (PackageRef, u64)> = BTreeMap::new();
        for (name, version) in installs {
            let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
            let key = (package.to_string(), version.canonical().to_owned());
            counts.entry(key).or_insert((package, 0)).1 += 1;
        }
        let day = self.now().as_secs() / DAY_SECS;
        let mut batch = Vec::new();
        for ((_, version), (package, count)) in counts {
            let row = self.inner.store.find_package(REGISTRY, &package).await?;
            let Some(row) = row else { continue };
            if self.inner.store.find_release(row.id, &version).await?.is_some() {
                batch.push(DownloadCount { registry_id: REGISTRY, package, version, day, count });
            }
        }
        if !batch.is_empty() {
            self.inner.store.add_downloads(batch).await?;
        }
        Ok(Answer::Done)
    }
}
