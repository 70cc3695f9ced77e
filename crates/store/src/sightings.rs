//! Since when the files of upstream packages are known here.

use std::collections::BTreeMap;

use vouchsafe_domain::{PackageRef, RegistryId, Timestamp};

use crate::error::stored_json;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

statements! {
    FIND_SIGHTINGS =
        "SELECT sightings FROM upstream_sightings
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3";

    PUT_SIGHTINGS =
        "INSERT INTO upstream_sightings (registry_id, ecosystem, canonical, sightings)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (registry_id, ecosystem, canonical) DO UPDATE SET
             sightings = excluded.sightings";
}

impl Store {
    /// Since when files of an upstream package are known, by file name. Files that are not in
    /// there are as old as their upstream says.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_sightings(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
    ) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(
            reader,
            fetch_optional::<(String,)>(
                FIND_SIGHTINGS,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
            )
        )?;
        let Some((json,)) = record else { return Ok(BTreeMap::new()) };
        let micros: BTreeMap<String, i64> = stored_json("upstream_sightings.sightings", &json)?;
        Ok(micros.into_iter().map(|(name, at)| (name, Timestamp::from_micros(at))).collect())
    }

    /// Replaces what is known about the files of an upstream package.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn put_sightings(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        sightings: &BTreeMap<String, Timestamp>,
    ) -> Result<(), StoreError> {
        let micros: BTreeMap<&str, i64> =
            sightings.iter().map(|(name, at)| (name.as_str(), at.as_micros())).collect();
        let json = serde_json::json!(micros).to_string();
        self.write((registry_id, package.clone(), json), |tx, (registry_id, package, json)| {
            Box::pin(async move {
                both!(
                    tx,
                    execute(
                        PUT_SIGHTINGS,
                        registry_id.to_string(),
                        package.ecosystem.as_str(),
                        package.name.canonical(),
                        json.as_str(),
                    )
                )?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }
}
