//! Search of passages: by words, and by meaning if a model is available, with filters.

use std::collections::HashMap;

use rusqlite::{Connection, params, params_from_iter, types::Value};
use tracing::warn;

use super::{
    Library,
    bounds::{CANDIDATES_MAX, QUESTION_CHARS_MAX, RERANKED_MAX, TERMS_MAX},
    fusion::{dense_weight, fuse},
    meaning::{self, Vector, text_of},
    store::{
        ACCOUNT_ID,
        documents::{self, Wanted},
        segments::{COLUMNS, TABLES, read_segment},
        vectors,
    },
};
use crate::{
    domain::library::{Filters, Hit, Mode, Scores, SearchResult, words},
    error::ApiError,
    server::config::library::EndpointConfig,
};

/// A search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// 1 to 2,000 characters.
    pub text: String,
    pub mode: Mode,
    pub filters: Filters,
    /// Whether a company named in the text becomes a filter. The result shows it.
    pub finds_filters: bool,
    pub limit: usize,
}

const WORDS_ALONE: &str = "No model for search by meaning is set up, so words alone were looked for.";
const MODEL_AWAY: &str = "The model for search by meaning does not answer, so words alone were looked for.";
const RERANK_AWAY: &str = "The rerank server did not answer in time, so the passages stand in the library's own order.";

impl Library {
    /// The best passages.
    ///
    /// # Errors
    /// If the question is empty or too long, or the database does not respond.
    pub async fn search(&self, question: Question) -> Result<SearchResult, ApiError> {
        let length = question.text.chars().count();
        if question.text.trim().is_empty() || length > QUESTION_CHARS_MAX {
            let reason = format!("it has to have 1 to {QUESTION_CHARS_MAX} characters");
            return Err(ApiError::InvalidParameter { parameter: "q".to_owned(), reason });
        }
        let store = self.store().await?;
        let (meaning, note) = self.meaning_of(&question).await;
        let (text, limit) = (question.text.clone(), question.limit);
        let found = store.read(move |rows| {
            let mut filters = question.filters;
            if question.finds_filters {
                find_filters(rows, &question.text, &mut filters)?;
            }
            let terms = words::terms(&question.text);
            let (found, mode_used) = ranked(rows, &question.text, meaning.as_ref(), question.mode, &filters)?;
            let mut hits = Vec::new();
            for (segment, scores) in found.into_iter().take(question.limit.max(RERANKED_MAX)) {
                hits.extend(read_hit(rows, segment, scores, &terms)?);
            }
            Ok(SearchResult { hits, mode_used, note, filters })
        });
        let mut found = found.await?;
        if let Some(config) = &self.config().rerank {
            rerank(config, &text, &mut found).await;
        }
        found.hits.truncate(limit);
        Ok(found)
    }

    /// The question's direction with its model's name, where meaning is asked for and there is a model; else why not.
    async fn meaning_of(&self, question: &Question) -> (Option<(String, Vector)>, Option<String>) {
        if question.mode == Mode::Words {
            return (None, None);
        }
        let Some(embedder) = self.embedder() else { return (None, Some(WORDS_ALONE.to_owned())) };
        let made = embedder.embed(vec![question.text.clone()]).await;
        match made.map(|made| made.into_iter().next()) {
            Ok(Some(vector)) => (Some((embedder.name().to_owned(), vector)), None),
            Ok(None) => (None, Some(MODEL_AWAY.to_owned())),
            Err(fault) => {
                warn!(cause = fault.cause, "a question was not embedded");
                (None, Some(MODEL_AWAY.to_owned()))
            }
        }
    }
}

/// The passages in their order, by words, by meaning or by both, and which of these it was.
pub fn ranked(
    rows: &Connection,
    question: &str,
    meaning: Option<&(String, Vector)>,
    mode: Mode,
    filters: &Filters,
) -> rusqlite::Result<(Vec<(i64, Scores)>, Mode)> {
    let Some((model, vector)) = meaning.filter(|_| mode != Mode::Words) else {
        let found = by_years(rows, by_words(rows, &words::terms(question), filters)?, &words::years(question))?;
        let scored = |(segment, score)| (segment, Scores { words: Some(score), dense: None, total: score });
        return Ok((found.into_iter().map(scored).collect(), Mode::Words));
    };
    if mode == Mode::Dense {
        let near = vectors::nearest(rows, model, vector, filters, CANDIDATES_MAX, &[])?;
        let scored = |(segment, score)| (segment, Scores { words: None, dense: Some(score), total: score });
        return Ok((near.into_iter().map(scored).collect(), Mode::Dense));
    }
    let found = by_years(rows, by_words(rows, &words::terms(question), filters)?, &words::years(question))?;
    let near = vectors::nearest(rows, model, vector, filters, CANDIDATES_MAX, &found)?;
    Ok((fuse(&found, &near, dense_weight(filters)), Mode::Hybrid))
}

/// Puts the first hits in the order of the server that is set for it; where that does not answer in time, they stay as they
/// are, and the answer says so.
async fn rerank(config: &EndpointConfig, question: &str, found: &mut SearchResult) {
    let first = found.hits.len().min(RERANKED_MAX);
    let texts: Vec<String> = found.hits[..first].iter().map(|hit| text_of(&hit.context, &hit.text)).collect();
    if texts.is_empty() {
        return;
    }
    match meaning::rerank(config, question, &texts).await {
        Ok(mut order) => {
            order.sort_by(|(one_at, one), (other_at, other)| other.total_cmp(one).then(one_at.cmp(other_at)));
            let mut placed: Vec<Option<Hit>> = found.hits.drain(..first).map(Some).collect();
            let mut sorted: Vec<Hit> = order.iter().filter_map(|(place, _)| placed[*place].take()).collect();
            // Those that the server left out come behind, as they were.
            sorted.extend(placed.into_iter().flatten());
            found.hits.splice(..0, sorted);
        }
        Err(fault) => {
            warn!(cause = fault.cause, "passages were not put in order by the rerank server");
            let notes = found.note.take().into_iter().chain([RERANK_AWAY.to_owned()]);
            found.note = Some(notes.collect::<Vec<_>>().join(" "));
        }
    }
}

/// The best passages by BM25 over context and text, with their scores, best first.
pub fn by_words(rows: &Connection, terms: &[String], filters: &Filters) -> rusqlite::Result<Vec<(i64, f64)>> {
    let terms = rarest(rows, terms)?;
    let Some(query) = words::any_of(&terms) else { return Ok(Vec::new()) };
    let limit = CANDIDATES_MAX as i64;
    let score = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, -row.get::<_, f64>(1)?));
    if filters.is_empty() {
        // A subquery with the index's own order and limit lets it stop early.
        let mut found = rows.prepare_cached(
            "SELECT found.rowid, found.rank
             FROM (SELECT rowid, rank FROM passages WHERE passages MATCH ?1 ORDER BY rank LIMIT ?2) AS found
             JOIN segments ON segments.id = found.rowid
             JOIN documents ON documents.id = segments.document_id
             WHERE documents.account_id = ?3 AND documents.state IN ('searchable', 'done') ORDER BY found.rank",
        )?;
        return found.query_map(params![query, limit, ACCOUNT_ID], score)?.collect();
    }
    let (condition, mut values) = documents::condition(&Wanted { filters: filters.clone(), ..Wanted::default() });
    values.push(Value::from(query));
    values.push(Value::from(limit));
    let (query_at, limit_at) = (values.len() - 1, values.len());
    let mut found = rows.prepare_cached(&format!(
        "SELECT rowid, rank FROM passages WHERE passages MATCH ?{query_at} AND rowid IN (
            SELECT segments.id FROM segments JOIN documents ON documents.id = segments.document_id
            WHERE {condition} AND documents.state IN ('searchable', 'done'))
         ORDER BY rank LIMIT ?{limit_at}"
    ))?;
    found.query_map(params_from_iter(&values), score)?.collect()
}

/// Factor on the score of a passage whose document reports a year that the question names.
const OF_YEAR: f64 = 1.25;
/// Factor where the document reports the year after the last one named, since it also has that year's figures.
const OF_YEAR_AFTER: f64 = 1.1;

/// Puts passages of the years that a question names in front of as good ones of other years.
pub fn by_years(rows: &Connection, mut found: Vec<(i64, f64)>, years: &[i32]) -> rusqlite::Result<Vec<(i64, f64)>> {
    let Some(last) = years.iter().max() else { return Ok(found) };
    let mut year = rows.prepare_cached(
        "SELECT documents.year FROM segments JOIN documents ON documents.id = segments.document_id WHERE segments.id = ?1",
    )?;
    for (segment, score) in &mut found {
        match year.query_row([*segment], |row| row.get::<_, Option<i32>>(0))? {
            Some(year) if years.contains(&year) => *score *= OF_YEAR,
            Some(year) if year == last + 1 => *score *= OF_YEAR_AFTER,
            Some(_) | None => {}
        }
    }
    found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    Ok(found)
}

/// Of too many terms, those that the fewest passages hold.
fn rarest(rows: &Connection, terms: &[String]) -> rusqlite::Result<Vec<String>> {
    if terms.len() <= TERMS_MAX {
        return Ok(terms.to_vec());
    }
    // A question of 2,000 characters has at most a thousand words.
    let mut count =
        rows.prepare_cached("SELECT COUNT(*) FROM (SELECT 1 FROM passages WHERE passages MATCH ?1 LIMIT 5000)")?;
    let mut counted = Vec::new();
    for (place, term) in terms.iter().enumerate().take(200) {
        let found: i64 = count.query_row([format!("\"{term}\"")], |row| row.get(0))?;
        if found > 0 {
            counted.push((found, place, term));
        }
    }
    counted.sort_unstable();
    Ok(counted.into_iter().take(TERMS_MAX).map(|(_, _, term)| term.clone()).collect())
}

/// A passage as a hit; `None` if it was deleted.
pub fn read_hit(rows: &Connection, segment: i64, scores: Scores, terms: &[String]) -> rusqlite::Result<Option<Hit>> {
    let mut query = rows.prepare_cached(&format!(
        "SELECT {COLUMNS}, documents.title FROM {TABLES} JOIN documents ON documents.id = segments.document_id
         WHERE segments.id = ?1 AND segments.account_id = ?2"
    ))?;
    let mut found = query
        .query_map(params![segment, ACCOUNT_ID], |row| Ok((read_segment(row)?, row.get::<_, String>("title")?)))?;
    let Some(found) = found.next() else { return Ok(None) };
    let (segment, title) = found?;
    Ok(Some(Hit {
        segment: segment.id,
        document: segment.document,
        title,
        page: segment.page,
        start: segment.start,
        end: segment.end,
        marks: words::marks(&segment.text, terms),
        text: segment.text,
        context: segment.context,
        scores,
    }))
}

/// Reads the company out of a question, of those that there are documents of. What a caller has set stays.
pub fn find_filters(rows: &Connection, question: &str, filters: &mut Filters) -> rusqlite::Result<()> {
    if filters.document.is_some() {
        return Ok(());
    }
    let lower = question.to_lowercase();
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let names = documents::issuers(rows)?;
    if filters.ticker.is_none() && filters.issuer.is_none() {
        let mut issuers: HashMap<&str, usize> = HashMap::new();
        for issuer in &names {
            let length = named_length(issuer, &words);
            if length > 0 {
                issuers.insert(issuer, length);
            }
        }
        // A question that names two companies is a comparison, so neither is a filter.
        if let [(issuer, _)] = issuers.into_iter().collect::<Vec<_>>()[..] {
            filters.issuer = Some(issuer.to_owned());
            filters.found.push("issuer".to_owned());
        }
    }
    Ok(())
}

/// Number of leading words of a company's name that occur in the question in a row; its legal form is ignored.
fn named_length(issuer: &str, words: &[&str]) -> usize {
    const FORMS: [&str; 16] = [
        "inc",
        "corp",
        "corporation",
        "company",
        "co",
        "plc",
        "ltd",
        "limited",
        "llc",
        "group",
        "holdings",
        "the",
        "sa",
        "nv",
        "ag",
        "international",
    ];
    let lower = issuer.to_lowercase();
    let name: Vec<&str> = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty() && !FORMS.contains(word))
        .collect();
    let (Some(first), true) = (name.first(), !name.is_empty()) else { return 0 };
    let needed = if first.chars().count() >= 4 { 1 } else { name.len().min(2) };
    let starts =
        words.windows(needed.max(1)).any(|window| window.iter().zip(&name).all(|(word, part)| same_name(word, part)));
    // Names such as "Best Buy" are often written as one word.
    let is_joined = words.iter().any(|word| word.len() >= 5 && *word == name.concat());
    if starts || is_joined { needed } else { 0 }
}

/// Compares a word with a part of a name; a possessive 's may follow.
fn same_name(word: &str, part: &str) -> bool {
    word == part || word.strip_suffix('s') == Some(part)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("THE BOEING COMPANY", "what was boeings revenue in 2022", true)]
    #[case("Best Buy Co., Inc.", "best buy revenue", true)]
    #[case("Best Buy Co., Inc.", "bestbuy revenue", true)]
    #[case("MGM Resorts International", "mgm resorts revenue", true)]
    #[case("MGM Resorts International", "resorts in mgm", false)]
    #[case("Amcor plc", "what is the best margin", false)]
    fn a_company_is_known_by_how_its_name_begins(#[case] issuer: &str, #[case] question: &str, #[case] named: bool) {
        let words: Vec<&str> = question.split(' ').collect();
        assert_eq!(named_length(issuer, &words) > 0, named);
    }
}
