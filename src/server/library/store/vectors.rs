//! Rows of vectors: the direction of each passage, as a model sees it.

use std::collections::HashSet;

use rusqlite::{Connection, params, params_from_iter, types::Value};

use super::{
    ACCOUNT_ID, Failed,
    documents::{self, Wanted},
    segments::{COLUMNS, TABLES, read_segment},
    tasks,
};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{DocumentState, Filters, Segment, Stage},
    },
    server::library::{bounds::TASKS_MAX, meaning::Vector},
};

/// Passages of a document that this model has not embedded, in their order.
pub fn missing(rows: &Connection, document: &str, model: &str, limit: usize) -> rusqlite::Result<Vec<Segment>> {
    let mut query = rows.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE segments.document_id = ?1 AND NOT EXISTS
            (SELECT 1 FROM vectors WHERE vectors.segment_id = segments.id AND vectors.model = ?2)
         ORDER BY segments.id LIMIT ?3"
    ))?;
    query.query_map(params![document, model, limit as i64], read_segment)?.collect()
}

/// Adds vectors of passages that are there, in place of another model's.
pub fn insert(rows: &Connection, model: &str, vectors: &[(u64, Vector)]) -> rusqlite::Result<()> {
    let mut insert = rows.prepare_cached(
        "INSERT INTO vectors (segment_id, account_id, model, scale, data)
         SELECT id, account_id, ?2, ?3, ?4 FROM segments WHERE id = ?1
         ON CONFLICT (segment_id) DO UPDATE SET model = excluded.model, scale = excluded.scale, data = excluded.data",
    )?;
    for (segment, vector) in vectors {
        insert.execute(params![*segment as i64, model, vector.scale, vector.bytes()])?;
    }
    Ok(())
}

/// Puts documents into the queue whose passages this model has not embedded, as many as the queue takes.
pub fn enqueue_missing(rows: &Connection, model: &str, at: UtcInstant) -> Result<(), Failed> {
    let wanting: Vec<String> = {
        let mut query = rows.prepare(
            "SELECT id FROM documents WHERE account_id = ?1 AND state IN ('searchable', 'done')
                AND NOT EXISTS (SELECT 1 FROM tasks WHERE document_id = documents.id AND state IN ('queued', 'running'))
                AND EXISTS (SELECT 1 FROM segments WHERE document_id = documents.id AND NOT EXISTS
                    (SELECT 1 FROM vectors WHERE vectors.segment_id = segments.id AND vectors.model = ?2))
             ORDER BY id DESC LIMIT ?3",
        )?;
        query
            .query_map(params![ACCOUNT_ID, model, (TASKS_MAX / 2) as i64], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for document in wanting {
        // A failure from here on leaves the document searchable by words.
        documents::set_state(rows, &document, DocumentState::Searchable, at)?;
        tasks::enqueue(rows, &document, Stage::Embed, at)?;
    }
    Ok(())
}

/// The passages closest to a question, with the cosine, best first, and behind them those of `also` that are not among them:
/// each vector of the model is looked at.
pub fn nearest(
    rows: &Connection,
    model: &str,
    question: &Vector,
    filters: &Filters,
    limit: usize,
    also: &[(i64, f64)],
) -> rusqlite::Result<Vec<(i64, f64)>> {
    let (condition, mut values) = documents::condition(&Wanted { filters: filters.clone(), ..Wanted::default() });
    values.push(Value::from(model.to_owned()));
    let model_at = values.len();
    let narrowed = match filters.is_empty() {
        true => String::new(),
        false => format!(
            " AND segment_id IN (SELECT segments.id FROM segments JOIN documents ON documents.id = segments.document_id
                WHERE {condition})"
        ),
    };
    let mut query = rows.prepare_cached(&format!(
        "SELECT segment_id, scale, data FROM vectors WHERE account_id = ?1 AND model = ?{model_at}{narrowed}"
    ))?;
    let mut found: Vec<(i64, f64)> = Vec::new();
    let mut vectors = query.query(params_from_iter(&values))?;
    while let Some(row) = vectors.next()? {
        let data = row.get_ref(2)?.as_blob()?;
        found.push((row.get(0)?, f64::from(question.cosine(row.get(1)?, data))));
    }
    let best_first = |(_, one): &(i64, f64), (_, other): &(i64, f64)| other.total_cmp(one);
    if found.len() > limit {
        // The others need no order.
        found.select_nth_unstable_by(limit, best_first);
        let also: HashSet<i64> = also.iter().map(|(segment, _)| *segment).collect();
        let mut place = 0;
        found.retain(|(segment, _)| {
            place += 1;
            place <= limit || also.contains(segment)
        });
    }
    found.sort_unstable_by(best_first);
    Ok(found)
}
