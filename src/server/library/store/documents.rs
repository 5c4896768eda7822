//! Rows of documents.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};

use super::{ACCOUNT_ID, Failed, tasks};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{Document, DocumentState, Filters, Origin},
    },
    error::ApiError,
    server::library::bounds::DOCUMENTS_MAX,
};

/// A document that has no row yet.
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub id: String,
    pub origin: Origin,
    pub source: String,
    pub title: String,
    pub media_type: String,
    pub bytes: u64,
    /// Empty until the address is fetched.
    pub content_hash: String,
    pub ticker: Option<String>,
    pub tags: Vec<String>,
}

/// Descriptive fields, found in a document or set by a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub title: Option<String>,
    pub issuer: Option<String>,
    pub ticker: Option<String>,
    pub form: Option<String>,
    pub period: Option<String>,
}

fn read_document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let count = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
    let instant = |column: &str| Ok::<_, rusqlite::Error>(UtcInstant::from_unix_ms(row.get(column)?).to_rfc3339());
    let tags: Option<String> = row.get("tags")?;
    Ok(Document {
        id: row.get("id")?,
        origin: tasks::name(row, "origin", Origin::from_name)?,
        source: row.get("source")?,
        title: row.get("title")?,
        media_type: row.get("media_type")?,
        bytes: count("bytes")?,
        issuer: row.get("issuer")?,
        ticker: row.get("ticker")?,
        form: row.get("form")?,
        period: row.get("period")?,
        tags: tags.map(|tags| tags.split('\n').map(str::to_owned).collect()).unwrap_or_default(),
        state: tasks::name(row, "state", DocumentState::from_name)?,
        pages: row.get("pages")?,
        segments: row.get("segments")?,
        note: row.get("note")?,
        created_at: instant("created_at")?,
        updated_at: instant("updated_at")?,
        version: count("version")?,
        task: None,
    })
}

const COLUMNS: &str = "documents.*, (SELECT group_concat(tag, char(10)) FROM
    (SELECT tag FROM document_tags WHERE document_id = documents.id ORDER BY tag)) AS tags";

/// A document by its id, without its task.
pub fn get(rows: &Connection, id: &str) -> rusqlite::Result<Option<Document>> {
    let query = format!("SELECT {COLUMNS} FROM documents WHERE id = ?1 AND account_id = ?2");
    rows.prepare_cached(&query)?.query_row([id, ACCOUNT_ID], read_document).optional()
}

/// A document with its latest task.
pub fn get_with_task(rows: &Connection, id: &str) -> rusqlite::Result<Option<Document>> {
    let Some(mut document) = get(rows, id)? else { return Ok(None) };
    document.task = tasks::of_document(rows, id)?;
    Ok(Some(document))
}

/// SHA-256 of a document's original; `None` if it has none yet.
pub fn content_hash(rows: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let hash: Option<String> = rows
        .prepare_cached("SELECT content_hash FROM documents WHERE id = ?1 AND account_id = ?2")?
        .query_row([id, ACCOUNT_ID], |row| row.get(0))
        .optional()?;
    Ok(hash.filter(|hash| !hash.is_empty()))
}

/// The document with this content: preferably a live one, else a failed or cancelled one.
pub fn with_content(rows: &Connection, hash: &str) -> rusqlite::Result<Option<Document>> {
    let query = format!(
        "SELECT {COLUMNS} FROM documents WHERE account_id = ?1 AND content_hash = ?2
         ORDER BY state IN ('failed', 'cancelled'), created_at DESC LIMIT 1"
    );
    rows.prepare_cached(&query)?.query_row([ACCOUNT_ID, hash], read_document).optional()
}

/// Whether a document of any account has this content.
pub fn any_with_content(rows: &Connection, hash: &str) -> rusqlite::Result<bool> {
    rows.prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE content_hash = ?1)")?
        .query_row([hash], |row| row.get(0))
}

/// Inserts a document.
///
/// # Errors
/// If the library is full.
pub fn insert(rows: &Connection, document: &NewDocument, at: UtcInstant) -> Result<(), Failed> {
    let count: i64 = rows
        .prepare_cached("SELECT COUNT(*) FROM documents WHERE account_id = ?1")?
        .query_row([ACCOUNT_ID], |row| row.get(0))?;
    if count.unsigned_abs() >= DOCUMENTS_MAX {
        return Err(ApiError::LibraryFull.into());
    }
    let set_by_person = if document.ticker.is_some() { "ticker" } else { "" };
    rows.prepare_cached(
        "INSERT INTO documents (id, account_id, origin, source, title, media_type, bytes, content_hash, ticker, set_by_person,
            state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'reading', ?11, ?11)",
    )?
    .execute(params![
        document.id,
        ACCOUNT_ID,
        document.origin.as_str(),
        document.source,
        document.title,
        document.media_type,
        document.bytes as i64,
        document.content_hash,
        document.ticker,
        set_by_person,
        at.unix_ms()
    ])?;
    Ok(set_tags(rows, &document.id, &document.tags)?)
}

/// Replaces a document's tags.
pub fn set_tags(rows: &Connection, id: &str, tags: &[String]) -> rusqlite::Result<()> {
    rows.prepare_cached("DELETE FROM document_tags WHERE document_id = ?1")?.execute([id])?;
    let mut insert =
        rows.prepare_cached("INSERT OR IGNORE INTO document_tags (account_id, document_id, tag) VALUES (?1, ?2, ?3)")?;
    tags.iter().try_for_each(|tag| insert.execute([ACCOUNT_ID, id, tag]).map(|_| ()))
}

pub fn set_state(rows: &Connection, id: &str, state: DocumentState, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE documents SET state = ?2, updated_at = ?3, version = version + 1 WHERE id = ?1")?
        .execute(params![id, state.as_str(), at.unix_ms()])?;
    Ok(())
}

/// Sets the state after a task ended early: a document whose words are indexed stays searchable.
pub fn after_failure(rows: &Connection, id: &str, state: DocumentState, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE documents SET state = CASE WHEN state = 'searchable' THEN state ELSE ?2 END, updated_at = ?3,
            version = version + 1 WHERE id = ?1",
    )?
    .execute(params![id, state.as_str(), at.unix_ms()])?;
    Ok(())
}

/// Checks that a failed document's content has not been taken in as another document since.
///
/// # Errors
/// If it has.
pub fn may_live_again(rows: &Connection, id: &str) -> Result<(), Failed> {
    let is_taken: bool = rows
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM documents other JOIN documents own ON own.id = ?1
             WHERE other.account_id = own.account_id AND other.content_hash = own.content_hash AND other.id <> own.id
                AND own.content_hash <> '' AND other.state NOT IN ('failed', 'cancelled'))",
        )?
        .query_row([id], |row| row.get(0))?;
    if is_taken { Err(ApiError::DuplicateDocument.into()) } else { Ok(()) }
}

/// Stores the content that was fetched from an address.
pub fn set_content(
    rows: &Connection,
    id: &str,
    media_type: &str,
    hash: &str,
    bytes: u64,
    at: UtcInstant,
) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE documents SET media_type = ?2, content_hash = ?3, bytes = ?4, updated_at = ?5, version = version + 1 WHERE id = ?1",
    )?
    .execute(params![id, media_type, hash, bytes as i64, at.unix_ms()])?;
    Ok(())
}

/// Stores the fields found in a document; fields set by a person are kept.
pub fn set_found(
    rows: &Connection,
    id: &str,
    found: &Identity,
    year: Option<i32>,
    at: UtcInstant,
) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE documents SET
            title = CASE WHEN ?2 IS NULL OR instr(set_by_person, 'title') THEN title ELSE ?2 END,
            issuer = CASE WHEN instr(set_by_person, 'issuer') THEN issuer ELSE ?3 END,
            ticker = CASE WHEN instr(set_by_person, 'ticker') THEN ticker ELSE ?4 END,
            form = CASE WHEN instr(set_by_person, 'form') THEN form ELSE ?5 END,
            period = CASE WHEN instr(set_by_person, 'period') THEN period ELSE ?6 END,
            year = CASE WHEN instr(set_by_person, 'period') THEN year ELSE ?7 END,
            updated_at = ?8, version = version + 1 WHERE id = ?1",
    )?
    .execute(params![
        id,
        found.title,
        found.issuer,
        found.ticker,
        found.form,
        found.period,
        year,
        at.unix_ms()
    ])?;
    Ok(())
}

/// Sets a field to a person's value. `field` is a column name from the code, never a caller's text.
pub fn set_field(rows: &Connection, id: &str, field: &'static str, value: Option<&str>) -> rusqlite::Result<()> {
    let query = format!(
        "UPDATE documents SET {field} = ?2, set_by_person =
            CASE WHEN instr(set_by_person, '{field}') THEN set_by_person ELSE set_by_person || ',{field}' END WHERE id = ?1"
    );
    rows.prepare_cached(&query)?.execute(params![id, value])?;
    Ok(())
}

pub fn set_year(rows: &Connection, id: &str, year: Option<i32>) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE documents SET year = ?2 WHERE id = ?1")?.execute(params![id, year])?;
    Ok(())
}

/// Increments a document's version and records the time.
pub fn touch(rows: &Connection, id: &str, at: UtcInstant) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE documents SET updated_at = ?2, version = version + 1 WHERE id = ?1")?
        .execute(params![id, at.unix_ms()])?;
    Ok(())
}

/// Sets the number of pages and passages that were read.
pub fn set_counts(rows: &Connection, id: &str, pages: u32, segments: u32, note: Option<&str>) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE documents SET pages = ?2, segments = ?3, note = ?4 WHERE id = ?1")?
        .execute(params![id, pages, segments, note])?;
    Ok(())
}

/// Deletes a document with its pages and passages; answers keep their citations. Returns its content's hash.
///
/// # Errors
/// If there is no such document.
pub fn delete(rows: &Connection, id: &str) -> Result<String, Failed> {
    let hash: Option<String> = rows
        .prepare_cached("SELECT content_hash FROM documents WHERE id = ?1 AND account_id = ?2")?
        .query_row([id, ACCOUNT_ID], |row| row.get(0))
        .optional()?;
    let hash = hash.ok_or(ApiError::NotFound)?;
    super::segments::clear(rows, id)?;
    rows.prepare_cached("DELETE FROM documents WHERE id = ?1")?.execute([id])?;
    Ok(hash)
}

/// Filter of a list.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Words that the title, source, issuer or ticker must contain.
    pub query: Option<String>,
    pub state: Option<DocumentState>,
    pub filters: Filters,
}

/// SQL condition of a list or search, with its values; requires the table `documents` in scope.
pub fn condition(wanted: &Wanted) -> (String, Vec<Value>) {
    let mut sql = "documents.account_id = ?1".to_owned();
    let mut values = vec![Value::from(ACCOUNT_ID.to_owned())];
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
    };
    for word in wanted.query.iter().flat_map(|query| query.split_whitespace()).take(8) {
        let pattern = format!("%{}%", word.replace(['\\', '%', '_'], " "));
        add(
            "(documents.title || ' ' || documents.source || ' ' || coalesce(documents.issuer, '') || ' ' ||
              coalesce(documents.ticker, '') || ' ' || coalesce(documents.form, '') || ' ' || coalesce(documents.period, '')) LIKE ?",
            pattern.into(),
        );
    }
    if let Some(state) = wanted.state {
        add("documents.state = ?", state.as_str().to_owned().into());
    }
    let Filters { document, ticker, issuer, form, tag, from, to, found: _, as_given: _ } = &wanted.filters;
    let texts = [
        (document, "documents.id = ?"),
        (ticker, "documents.ticker = upper(?)"),
        (issuer, "documents.issuer = ? COLLATE NOCASE"),
        (form, "documents.form = ? COLLATE NOCASE"),
        (tag, "EXISTS (SELECT 1 FROM document_tags WHERE document_id = documents.id AND tag = ?)"),
    ];
    for (text, condition) in texts {
        if let Some(text) = text {
            add(condition, text.clone().into());
        }
    }
    for (year, condition) in [(from, "documents.year >= ?"), (to, "documents.year <= ?")] {
        if let Some(year) = year {
            add(condition, i64::from(*year).into());
        }
    }
    (sql, values)
}

/// Documents, newest first, those before `cursor` (an id), and the total count.
pub fn list(
    rows: &Connection,
    wanted: &Wanted,
    cursor: Option<&str>,
    limit: usize,
) -> rusqlite::Result<(Vec<Document>, u64)> {
    let (condition, mut values) = condition(wanted);
    let total: i64 = rows
        .prepare_cached(&format!("SELECT COUNT(*) FROM documents WHERE {condition}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    values.push(cursor.map(str::to_owned).into());
    values.push(Value::from(limit as i64));
    let (cursor_at, limit_at) = (values.len() - 1, values.len());
    // Ids grow with time.
    let query = format!(
        "SELECT {COLUMNS} FROM documents WHERE {condition} AND (?{cursor_at} IS NULL OR documents.id < ?{cursor_at})
         ORDER BY documents.id DESC LIMIT ?{limit_at}"
    );
    let mut query = rows.prepare_cached(&query)?;
    let mut documents: Vec<Document> =
        query.query_map(params_from_iter(&values), read_document)?.collect::<Result<_, _>>()?;
    for document in &mut documents {
        document.task = tasks::of_document(rows, &document.id)?;
    }
    Ok((documents, total.unsigned_abs()))
}

/// Issuers of all documents, which a question may name.
pub fn issuers(rows: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut issuers = rows.prepare_cached(
        "SELECT DISTINCT issuer FROM documents
         WHERE account_id = ?1 AND issuer IS NOT NULL AND state IN ('searchable', 'done')",
    )?;
    issuers.query_map([ACCOUNT_ID], |row| row.get(0))?.collect()
}
