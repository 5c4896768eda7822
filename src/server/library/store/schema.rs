//! The tables of `library.db`.

use rusqlite::{Connection, TransactionBehavior};

/// Migrations, each applied once, in order; `user_version` counts the applied ones.
const MIGRATIONS: [&str; 1] = [FIRST];

const FIRST: &str = "
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    -- SHA-256 of the original; empty until an address was fetched.
    content_hash TEXT NOT NULL,
    issuer TEXT,
    ticker TEXT,
    form TEXT,
    period TEXT,
    -- The year of the period, for filters.
    year INTEGER,
    -- Which of the above a person has set, comma separated: these are not found anew.
    set_by_person TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    pages INTEGER NOT NULL DEFAULT 0,
    segments INTEGER NOT NULL DEFAULT 0,
    note TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
-- One that failed or was cancelled blocks nothing.
CREATE UNIQUE INDEX documents_by_content ON documents (account_id, content_hash)
    WHERE content_hash <> '' AND state NOT IN ('failed', 'cancelled');
CREATE INDEX documents_by_hash ON documents (content_hash);
CREATE INDEX documents_by_account ON documents (account_id, created_at, id);

CREATE TABLE document_tags (
    account_id TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (document_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_tags_by_tag ON document_tags (account_id, tag);

CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    text TEXT NOT NULL,
    flags TEXT NOT NULL,
    PRIMARY KEY (document_id, page)
) STRICT;

CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    kind TEXT NOT NULL,
    context TEXT NOT NULL
) STRICT;
CREATE INDEX segments_by_document ON segments (document_id, id);

-- Words of the segments, by their ids; the text itself is in the pages.
CREATE VIRTUAL TABLE passages USING fts5 (
    context, text, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE vectors (
    segment_id INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    model TEXT NOT NULL,
    scale REAL NOT NULL,
    -- One signed byte a dimension.
    data BLOB NOT NULL
) STRICT;

CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER,
    -- Unix milliseconds.
    not_before INTEGER NOT NULL,
    error_code TEXT,
    error_text TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tasks_live ON tasks (document_id) WHERE state IN ('queued', 'running');
CREATE INDEX tasks_waiting ON tasks (not_before, id) WHERE state = 'queued';
CREATE INDEX tasks_by_account ON tasks (account_id, created_at, id);
CREATE INDEX tasks_by_document ON tasks (document_id, created_at);

CREATE TABLE answers (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    question TEXT NOT NULL,
    -- JSON.
    filters TEXT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT,
    model TEXT,
    error_code TEXT,
    error_text TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX answers_by_account ON answers (account_id, created_at, id);

CREATE TABLE answer_events (
    answer_id TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    -- JSON of the event, its statement with its citations included: they outlive the document.
    event TEXT NOT NULL,
    PRIMARY KEY (answer_id, sequence)
) STRICT;

CREATE TABLE settings (
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;
";

/// Migrates a new or older file to the current schema.
pub fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // An acknowledged original must be on disk. The log is kept short, since passages are written in batches.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096;
         PRAGMA journal_size_limit = 8388608;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let applied = usize::try_from(version).unwrap_or(0);
    for (number, migration) in (1..).zip(MIGRATIONS).skip(applied) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
