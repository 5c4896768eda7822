//! Rows of passages, and their full-text index.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ACCOUNT_ID, tasks};
use crate::domain::library::{Segment, SegmentKind, words::indexed};

/// A new passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSegment {
    pub page: u32,
    pub start: u32,
    pub end: u32,
    pub kind: SegmentKind,
    pub context: String,
}

/// Columns of a passage, with its text cut out of its page by byte offsets (UTF-8).
pub const COLUMNS: &str = "segments.id, segments.document_id, segments.page, segments.start, segments.end, segments.kind, \
    segments.context, CAST(substr(CAST(pages.text AS BLOB), segments.start + 1, segments.end - segments.start) AS TEXT) AS text";
/// Tables that [`COLUMNS`] are read from.
pub const TABLES: &str =
    "segments JOIN pages ON pages.document_id = segments.document_id AND pages.page = segments.page";

pub fn read_segment(row: &Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment {
        id: row.get::<_, i64>("id")?.unsigned_abs(),
        document: row.get("document_id")?,
        page: row.get("page")?,
        start: row.get("start")?,
        end: row.get("end")?,
        kind: tasks::name(row, "kind", SegmentKind::from_name)?,
        context: row.get("context")?,
        text: row.get("text")?,
    })
}

/// Adds a page's passages and indexes their words.
pub fn insert(rows: &Connection, document: &str, page_text: &str, segments: &[NewSegment]) -> rusqlite::Result<()> {
    let mut insert = rows.prepare_cached(
        "INSERT INTO segments (account_id, document_id, page, start, end, kind, context) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut index = rows.prepare_cached("INSERT INTO passages (rowid, context, text) VALUES (?1, ?2, ?3)")?;
    for segment in segments {
        let NewSegment { page, start, end, kind, context } = segment;
        let id = insert.insert(params![ACCOUNT_ID, document, page, start, end, kind.as_str(), context])?;
        let text = page_text.get(*start as usize..*end as usize).unwrap_or_default();
        index.execute(params![id, indexed(context), indexed(text)])?;
    }
    Ok(())
}

/// Deletes a document's passages with their words and vectors.
pub fn clear(rows: &Connection, document: &str) -> rusqlite::Result<()> {
    rows.prepare_cached("DELETE FROM passages WHERE rowid IN (SELECT id FROM segments WHERE document_id = ?1)")?
        .execute([document])?;
    rows.prepare_cached("DELETE FROM segments WHERE document_id = ?1")?.execute([document])?;
    Ok(())
}

pub fn count(rows: &Connection, document: &str) -> rusqlite::Result<u32> {
    rows.prepare_cached("SELECT COUNT(*) FROM segments WHERE document_id = ?1")?.query_row([document], |row| row.get(0))
}

/// Number of passages of all accounts.
pub fn count_all(rows: &Connection) -> rusqlite::Result<u64> {
    // A document's count is set together with its last passage.
    let count: i64 =
        rows.prepare_cached("SELECT COALESCE(SUM(segments), 0) FROM documents")?.query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// A passage by its id.
pub fn get(rows: &Connection, id: u64) -> rusqlite::Result<Option<Segment>> {
    let query = format!("SELECT {COLUMNS} FROM {TABLES} WHERE segments.id = ?1 AND segments.account_id = ?2");
    rows.prepare_cached(&query)?.query_row(params![id as i64, ACCOUNT_ID], read_segment).optional()
}

/// A document's passages after the one with the id `after`, in order.
pub fn list(rows: &Connection, document: &str, after: u64, limit: usize) -> rusqlite::Result<Vec<Segment>> {
    let query = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE segments.document_id = ?1 AND segments.account_id = ?2 AND segments.id > ?3
         ORDER BY segments.id LIMIT ?4"
    );
    let mut query = rows.prepare_cached(&query)?;
    query.query_map(params![document, ACCOUNT_ID, after as i64, limit as i64], read_segment)?.collect()
}
