"""Multiplies one published package in a SQLite store: the benchmark's way to a million of them.

    python3 seed.py DATABASE TEMPLATE FROM TO

The package named seed-TEMPLATE was published to the server, which has ended since. Every row about
it is copied under the numbers FROM to TO - 1. A copy has the template's columns, whatever they are,
with three changes: ids get the number of the copy, the word TEMPLATE becomes a hexadecimal word
made of the number (scattered, as names are), and events are numbered on. All copies share the
template's blob. The result is what that many publishes would have left, in a fraction of the time;
the server checks nothing of this but reads it as its own.
"""

import sqlite3
import sys

# Table, the column that says which rows are the template's, and the tables its ids refer to.
TABLES = [
    ("packages", "id", {"id": "packages"}),
    ("package_owners", "package_id", {"package_id": "packages"}),
    ("releases", "package_id", {"id": "releases", "package_id": "packages"}),
    (
        "artifacts",
        "package_id",
        {"id": "artifacts", "package_id": "packages", "release_id": "releases"},
    ),
    ("tags", "package_id", {"package_id": "packages", "release_id": "releases"}),
    ("search_words", "package_id", {"package_id": "packages"}),
]
# Third group of the ids of each table: they must differ between tables and sort below new ones.
GROUPS = {"packages": "7001", "releases": "7002", "artifacts": "7003"}
# Odd, so that different numbers give different words (Knuth's multiplicative hash).
SCATTER = 2654435761

WORD = f"printf('%08x', (n.i * {SCATTER}) & 4294967295)"


def new_id(table):
    return f"printf('01900000-0000-{GROUPS[table]}-8000-%012x', n.i)"


def copied(column, kind, ids):
    if column in ids:
        return new_id(ids[column])
    if kind == "BYTEA":
        return f"CAST(replace(CAST(t.{column} AS TEXT), :template, {WORD}) AS BLOB)"
    if kind == "TEXT":
        return f"replace(t.{column}, :template, {WORD})"
    return f"t.{column}"


def copy(database, table, ids, condition, values, written=None):
    """Copies the rows that fit the condition once per number."""
    columns = [(row[1], row[2]) for row in database.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(name for name, _ in columns)
    picked = ", ".join(
        (written or {}).get(name) or copied(name, kind, ids) for name, kind in columns
    )
    # Set aside: a table that is read while it grows would be read to its end for every number.
    database.execute(
        f"CREATE TEMP TABLE template_{table} AS SELECT * FROM {table} WHERE {condition}", values
    )
    database.execute(
        f"INSERT INTO {table} ({names}) SELECT {picked} FROM numbers n, template_{table} t"
        " ORDER BY n.i",
        {"template": values["template"]},
    )


def main(path, template, start, end):
    database = sqlite3.connect(path, isolation_level=None)
    # Nothing here must survive a power cut.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN")
    database.execute("CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY)")
    database.executemany("INSERT INTO numbers VALUES (?)", ((i,) for i in range(start, end)))
    found = database.execute("SELECT id FROM packages WHERE canonical = ?", (f"seed-{template}",))
    values = {"template": template, "package": found.fetchone()[0]}

    for table, key, ids in TABLES:
        copy(database, table, ids, f"{key} = :package", values)
    numbered_on = (
        "(SELECT value FROM counters WHERE name = 'events')"
        " + row_number() OVER (ORDER BY n.i, t.seq)"
    )
    subject = "instr(subject, 'seed-' || :template) > 0"
    copy(database, "events", {}, subject, values, {"seq": numbered_on})
    database.execute(
        "UPDATE counters SET value = (SELECT max(seq) FROM events) WHERE name = 'events'"
    )
    database.execute("COMMIT")
    database.close()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
