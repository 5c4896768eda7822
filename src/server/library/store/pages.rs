//! Rows of pages. A page's text is immutable: citations point into it.

use rusqlite::{Connection, OptionalExtension, params};

use super::ACCOUNT_ID;
use crate::domain::library::Page;

/// Flag: the page was read and is empty.
pub const NO_TEXT: &str = "no_text";
/// Flag: the page could not be read.
pub const UNREADABLE: &str = "unreadable";
/// Flag: characters that a reader of the original would not see were left out.
pub const HIDDEN_TEXT: &str = "hidden_text";

/// A page that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPage {
    pub page: u32,
    pub text: String,
    pub flags: Vec<&'static str>,
}

/// Inserts pages; existing ones are kept.
pub fn insert(rows: &Connection, document: &str, pages: &[NewPage]) -> rusqlite::Result<()> {
    let mut insert = rows.prepare_cached(
        "INSERT OR IGNORE INTO pages (document_id, page, account_id, text, flags) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for page in pages {
        insert.execute(params![document, page.page, ACCOUNT_ID, page.text, page.flags.join(",")])?;
    }
    Ok(())
}

/// Number of the last stored page; 0 if there is none.
pub fn last(rows: &Connection, document: &str) -> rusqlite::Result<u32> {
    rows.prepare_cached("SELECT COALESCE(MAX(page), 0) FROM pages WHERE document_id = ?1")?
        .query_row([document], |row| row.get(0))
}

/// A page's text and flags.
pub fn get(rows: &Connection, document: &str, page: u32) -> rusqlite::Result<Option<Page>> {
    rows.prepare_cached(
        "SELECT pages.text, pages.flags, documents.pages FROM pages JOIN documents ON documents.id = document_id
         WHERE document_id = ?1 AND page = ?2 AND pages.account_id = ?3",
    )?
    .query_row(params![document, page, ACCOUNT_ID], |row| {
        let flags: String = row.get(1)?;
        Ok(Page {
            document: document.to_owned(),
            page,
            pages: row.get(2)?,
            text: row.get(0)?,
            flags: flags.split(',').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
        })
    })
    .optional()
}

/// Numbers and texts of at most `limit` pages from page `from` on.
pub fn texts(rows: &Connection, document: &str, from: u32, limit: u32) -> rusqlite::Result<Vec<(u32, String)>> {
    let mut texts = rows
        .prepare_cached("SELECT page, text FROM pages WHERE document_id = ?1 AND page >= ?2 ORDER BY page LIMIT ?3")?;
    texts.query_map(params![document, from, limit], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Number of pages with a flag.
pub fn count_flagged(rows: &Connection, document: &str, flag: &str) -> rusqlite::Result<u32> {
    rows.prepare_cached("SELECT COUNT(*) FROM pages WHERE document_id = ?1 AND instr(flags, ?2)")?
        .query_row([document, flag], |row| row.get(0))
}
