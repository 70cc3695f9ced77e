//! The statements that SQLite and PostgreSQL spell differently. Nothing else is in two dialects.

use crate::sql::engine_pairs;

engine_pairs! {
    /// Reads the last event number and, on PostgreSQL, locks it until the end of the transaction.
    /// SQLite's `BEGIN IMMEDIATE` has locked everything already.
    LOCK_EVENTS {
        lite: "SELECT value FROM counters WHERE name = 'events'",
        pg: "SELECT value FROM counters WHERE name = 'events' FOR UPDATE",
    }

    /// Adds words of a package: $1 JSON list of words, $2 package.
    INSERT_SEARCH_WORDS {
        lite: "INSERT INTO search_words (word, package_id)
               SELECT CAST(value AS BLOB), $2 FROM json_each($1) WHERE true
               ON CONFLICT (word, package_id) DO NOTHING",
        pg: "INSERT INTO search_words (word, package_id)
             SELECT convert_to(value, 'UTF8'), $2
             FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS words (value)
             ON CONFLICT (word, package_id) DO NOTHING",
    }

    /// Owner names of several packages: $1 JSON list of package ids.
    OWNER_NAMES_OF_PACKAGES {
        lite: "SELECT o.package_id, a.name
               FROM package_owners o JOIN accounts a ON a.id = o.account_id
               WHERE o.package_id IN (SELECT value FROM json_each($1))
               ORDER BY a.number",
        pg: "SELECT o.package_id, a.name
             FROM package_owners o JOIN accounts a ON a.id = o.account_id
             WHERE o.package_id IN (SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))
             ORDER BY a.number",
    }

    /// Rows that refer to a row that is not there. PostgreSQL never lets that happen.
    FOREIGN_KEY_VIOLATIONS {
        lite: "SELECT \"table\" AS child, \"parent\" AS parent FROM pragma_foreign_key_check",
        pg: "SELECT CAST('' AS TEXT) AS child, CAST('' AS TEXT) AS parent WHERE false",
    }

    /// What the engine says about its own files; one row `ok` when all is well.
    INTEGRITY_CHECK {
        lite: "SELECT integrity_check AS finding FROM pragma_integrity_check",
        pg: "SELECT CAST('ok' AS TEXT) AS finding",
    }
}
