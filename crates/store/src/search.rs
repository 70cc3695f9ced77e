//! Search over hosted packages: an inverted index that both engines read alike.
//!
//! Every word of the query must be the beginning of a word of the package. A package whose name
//! is the query comes first, then those whose name begins with it, then the others.

use std::collections::{BTreeSet, HashMap};

use vouchsafe_domain::call::{SearchHit, SearchQuery, SearchResults};
use vouchsafe_domain::{EcosystemId, PackageId, PackageName, RegistryId, Timestamp};

use crate::connection::WriteTx;
use crate::engine::{INSERT_SEARCH_WORDS, OWNER_NAMES_OF_PACKAGES};
use crate::error::{stored_json, stored_u64};
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// Words kept per package.
const MAX_INDEXED_WORDS: usize = 100;
/// Words of a query that are looked at.
const MAX_QUERY_WORDS: usize = 4;
/// Longest word, in bytes; longer ones are cut.
const MAX_WORD_BYTES: usize = 64;
/// Results in one answer at most.
const MAX_RESULTS: u32 = 250;

statements! {
    DROP_WORDS = "DELETE FROM search_words WHERE package_id = $1";

    COUNT_MATCHES =
        "SELECT count(*) FROM packages p
         WHERE p.registry_id = $1 AND p.ecosystem = $2 AND p.state = 'active'
           AND ($3 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $4 AND word < $5))
           AND ($6 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $7 AND word < $8))
           AND ($9 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $10 AND word < $11))
           AND ($12 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $13 AND word < $14))";

    FIND_MATCHES =
        "SELECT p.id, p.display, p.newest_version, p.summary, p.keywords, p.updated_at
         FROM packages p
         WHERE p.registry_id = $1 AND p.ecosystem = $2 AND p.state = 'active'
           AND ($3 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $4 AND word < $5))
           AND ($6 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $7 AND word < $8))
           AND ($9 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $10 AND word < $11))
           AND ($12 OR p.id IN (SELECT package_id FROM search_words WHERE word >= $13 AND word < $14))
         ORDER BY CASE WHEN p.canonical = $15 THEN 0
                       WHEN substr(p.canonical, 1, length($15)) = $15 THEN 1
                       ELSE 2 END,
                  p.canonical
         LIMIT $16 OFFSET $17";
}

/// Takes a text apart into lower-case words, in order, at most `limit` different ones.
fn words(texts: &[&str], limit: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut words = Vec::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if words.len() == limit {
                return words;
            }
            let mut word = word.to_lowercase();
            word.truncate(word.floor_char_boundary(MAX_WORD_BYTES));
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
    }
    words
}

/// Replaces the words that a package is found by. The whole name is one of them, too.
pub(crate) async fn index_words(
    tx: &mut WriteTx,
    package_id: PackageId,
    name: &PackageName,
    summary: &str,
    keywords: &[impl AsRef<str>],
) -> Result<(), StoreError> {
    drop_words(tx, package_id).await?;
    let mut texts = vec![name.canonical()];
    texts.extend(keywords.iter().map(AsRef::as_ref));
    texts.push(summary);
    let words = serde_json::Value::from(words(&texts, MAX_INDEXED_WORDS)).to_string();
    both!(tx, execute(INSERT_SEARCH_WORDS, words, package_id.to_string()))?;
    Ok(())
}

/// Makes a package impossible to find.
pub(crate) async fn drop_words(tx: &mut WriteTx, package_id: PackageId) -> Result<(), StoreError> {
    both!(tx, execute(DROP_WORDS, package_id.to_string()))?;
    Ok(())
}

/// The range of all words that begin with this one; "no condition" when there is no word.
struct WordRange {
    is_open: bool,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl WordRange {
    fn of(word: Option<&String>) -> Self {
        let from = word.map(|word| word.clone().into_bytes()).unwrap_or_default();
        // 0xFF is in no UTF-8 text, so this is above every word with the prefix.
        let mut to = from.clone();
        to.push(0xFF);
        Self { is_open: word.is_none(), from, to }
    }
}

#[derive(sqlx::FromRow)]
struct HitRecord {
    id: String,
    display: String,
    newest_version: Option<String>,
    summary: String,
    keywords: String,
    updated_at: i64,
}

impl Store {
    /// Finds active packages. A query without words finds all of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn search(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        query: &SearchQuery,
    ) -> Result<SearchResults, StoreError> {
        let words = words(&[query.text.as_str()], MAX_QUERY_WORDS);
        let [a, b, c, d] = std::array::from_fn(|at| WordRange::of(words.get(at)));
        let registry_id = registry_id.to_string();
        let name: String = query.text.trim().to_lowercase().replace('\0', "");
        let mut reader = self.reader().await?;
        let (total,) = both!(
            reader,
            fetch_one::<(i64,)>(
                COUNT_MATCHES,
                registry_id.as_str(),
                ecosystem.as_str(),
                a.is_open,
                a.from.as_slice(),
                a.to.as_slice(),
                b.is_open,
                b.from.as_slice(),
                b.to.as_slice(),
                c.is_open,
                c.from.as_slice(),
                c.to.as_slice(),
                d.is_open,
                d.from.as_slice(),
                d.to.as_slice(),
            )
        )?;
        let records = both!(
            reader,
            fetch_all::<HitRecord>(
                FIND_MATCHES,
                registry_id.as_str(),
                ecosystem.as_str(),
                a.is_open,
                a.from.as_slice(),
                a.to.as_slice(),
                b.is_open,
                b.from.as_slice(),
                b.to.as_slice(),
                c.is_open,
                c.from.as_slice(),
                c.to.as_slice(),
                d.is_open,
                d.from.as_slice(),
                d.to.as_slice(),
                name.as_str(),
                i64::from(query.limit.min(MAX_RESULTS)),
                i64::from(query.offset),
            )
        )?;
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let ids = serde_json::Value::from(ids).to_string();
        let mut owners: HashMap<String, Vec<String>> = HashMap::new();
        let rows = both!(reader, fetch_all::<(String, String)>(OWNER_NAMES_OF_PACKAGES, ids))?;
        for (package_id, name) in rows {
            owners.entry(package_id).or_default().push(name);
        }
        let hit = |record: HitRecord| {
            Ok(SearchHit {
                owners: owners.remove(&record.id).unwrap_or_default(),
                name: record.display,
                version: record.newest_version.unwrap_or_default(),
                summary: record.summary,
                keywords: stored_json("packages.keywords", &record.keywords)?,
                updated_at: Timestamp::from_micros(record.updated_at),
            })
        };
        Ok(SearchResults {
            hits: records.into_iter().map(hit).collect::<Result<_, StoreError>>()?,
            total: stored_u64("packages", total)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_named_once() {
        let found = words(&["@Acme/left-pad", "Pads left. PAD!"], 10);
        assert_eq!(found, ["acme", "left", "pad", "pads"]);
    }

    #[test]
    fn a_word_is_cut_at_a_character() {
        let found = words(&["é".repeat(100).as_str()], 10);
        assert_eq!(found, ["é".repeat(32)]);
    }
}
