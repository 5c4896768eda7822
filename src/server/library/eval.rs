//! `finally --library-eval FOLDER`: measures how well search finds the passages known to answer a question.
//!
//! The folder is in BEIR's layout: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and
//! `qrels.tsv` (query, passage, relevance), each text of the corpus being one passage. Or it holds PDFs and
//! `gold.jsonl` (`question`, `file`, `page`), which are read, cut and given headers as in the library; a page is ranked
//! by its best passage. Prints nDCG@10 (Järvelin and Kekäläinen 2002, gain `2^rel - 1`, discount `log2(rank + 1)`),
//! recall@5 and recall@10.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
    process::ExitCode,
    time::Instant,
};

use rusqlite::{Connection, params};
use serde::Deserialize;

use super::{
    bounds::{CANDIDATES_MAX, EMBEDDED_AT_ONCE},
    extract::{
        self,
        protocol::{Format, Piece},
    },
    fusion::fuse,
    identity::{self, LOOKED_AT_BYTES},
    meaning::{Embedder, Vector, text_of},
    search::{by_words, by_years, find_filters, ranked},
    segment::Segmenter,
    store::{
        ACCOUNT_ID, Store, documents,
        pages::{self, NewPage},
        segments::{self, NewSegment},
        vectors,
    },
};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{Filters, Mode, Scores, SegmentKind, words},
    },
    server::config::library::LibraryConfig,
};

const DEPTH: usize = 10;
const DEPTH_SHORT: usize = 5;
/// Weights of meaning that are tried.
const TUNED_PERCENT: [u8; 11] = [10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80];

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Gold {
    question: String,
    file: String,
    page: u32,
}

/// A question with its relevant passages: names and relevance.
struct Judged {
    question: String,
    relevant: HashMap<String, u32>,
}

/// Sums of the measures over all questions.
#[derive(Default)]
struct Measures {
    questions: usize,
    ndcg: f64,
    recall_short: f64,
    recall: f64,
}

/// Runs the command.
pub fn run(folder: &str) -> ExitCode {
    match evaluate(Path::new(folder)) {
        Ok(measured) => {
            println!("| search | questions | nDCG@10 | recall@5 | recall@10 |\n|---|---|---|---|---|");
            for (way, measures) in measured {
                let mean = |sum: f64| sum / measures.questions.max(1) as f64;
                println!(
                    "| {way} | {} | {:.4} | {:.4} | {:.4} |",
                    measures.questions,
                    mean(measures.ndcg),
                    mean(measures.recall_short),
                    mean(measures.recall)
                );
            }
            ExitCode::SUCCESS
        }
        Err(cause) => {
            eprintln!("{folder} cannot be measured: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// Figures of each available search mode.
type Measured = Vec<(String, Measures)>;

fn evaluate(folder: &Path) -> io::Result<Measured> {
    let file = std::env::temp_dir().join(format!("finally-eval-{}", std::process::id())).join("library.db");
    // Creates the library's own tables and index; the writer is not needed here.
    drop(Store::open(&file)?);
    let measured = Connection::open(&file).map_err(io::Error::other).and_then(|rows| measure(folder, &rows));
    if let Some(made) = file.parent() {
        fs::remove_dir_all(made)?;
    }
    measured
}

fn measure(folder: &Path, rows: &Connection) -> io::Result<Measured> {
    let (judged, names) =
        if folder.join("corpus.jsonl").exists() { passages(folder, rows)? } else { reports(folder, rows)? };
    let embedder = Embedder::of(&LibraryConfig::default());
    let meanings = match &embedder {
        Some(embedder) => embed_all(rows, embedder, &judged)?,
        None => vec![None; judged.len()],
    };
    let mut measured: Measured = Vec::new();
    for (Judged { question, relevant }, meaning) in judged.iter().zip(&meanings) {
        let rankings = rankings(rows, question, meaning.as_ref()).map_err(io::Error::other)?;
        for (place, (way, found)) in rankings.into_iter().enumerate() {
            if measured.len() == place {
                measured.push((way, Measures::default()));
            }
            let mut ranking: Vec<&str> = Vec::new();
            for name in found.iter().filter_map(|segment| names.get(segment)) {
                if !ranking.contains(&name.as_str()) {
                    ranking.push(name);
                }
            }
            measured[place].1.add(&ranking, relevant);
        }
    }
    Ok(measured)
}

/// The passages that each way of searching finds, best first; with meaning, also those of other weights, to tune them.
fn rankings(
    rows: &Connection,
    question: &str,
    meaning: Option<&(String, Vector)>,
) -> rusqlite::Result<Vec<(String, Vec<i64>)>> {
    let mut filters = Filters::default();
    find_filters(rows, question, &mut filters)?;
    let segments = |found: &[(i64, Scores)]| found.iter().map(|(segment, _)| *segment).collect();
    let by = |mode: Mode| ranked(rows, question, meaning, mode, &filters);
    let mut rankings = vec![(Mode::Words.to_string(), segments(&by(Mode::Words)?.0))];
    let Some((model, vector)) = meaning else { return Ok(rankings) };
    for mode in [Mode::Dense, Mode::Hybrid] {
        rankings.push((mode.to_string(), segments(&by(mode)?.0)));
    }
    let words = by_years(rows, by_words(rows, &words::terms(question), &filters)?, &words::years(question))?;
    let near = vectors::nearest(rows, model, vector, &filters, CANDIDATES_MAX, &words)?;
    for percent in TUNED_PERCENT {
        let fused = fuse(&words, &near, f64::from(percent) / 100.0);
        rankings.push((format!("hybrid, {percent} % by meaning"), segments(&fused)));
    }
    Ok(rankings)
}

/// Embeds every passage, and gives the directions of the questions.
fn embed_all(rows: &Connection, embedder: &Embedder, judged: &[Judged]) -> io::Result<Vec<Option<(String, Vector)>>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let embed = |texts: Vec<String>| runtime.block_on(embedder.embed(texts)).map_err(io::Error::other);
    let documents: Vec<String> = rows
        .prepare("SELECT id FROM documents")
        .and_then(|mut documents| documents.query_map([], |row| row.get(0))?.collect())
        .map_err(io::Error::other)?;
    let begun = Instant::now();
    let mut count = 0;
    for document in documents {
        loop {
            let segments =
                vectors::missing(rows, &document, embedder.name(), EMBEDDED_AT_ONCE).map_err(io::Error::other)?;
            if segments.is_empty() {
                break;
            }
            let made = embed(segments.iter().map(|segment| text_of(&segment.context, &segment.text)).collect())?;
            count += made.len();
            let made: Vec<_> = segments.iter().map(|segment| segment.id).zip(made).collect();
            vectors::insert(rows, embedder.name(), &made).map_err(io::Error::other)?;
        }
    }
    eprintln!("{count} passages were embedded in {:.1} s", begun.elapsed().as_secs_f64());
    let mut meanings = Vec::new();
    for questions in judged.chunks(EMBEDDED_AT_ONCE) {
        let made = embed(questions.iter().map(|judged| judged.question.clone()).collect())?;
        meanings.extend(made.into_iter().map(|vector| Some((embedder.name().to_owned(), vector))));
    }
    Ok(meanings)
}

impl Measures {
    fn add(&mut self, ranking: &[&str], relevant: &HashMap<String, u32>) {
        let gain = |relevance: u32| f64::from(2_u32.saturating_pow(relevance) - 1);
        let discounted =
            |gains: &[f64]| gains.iter().zip(2_u32..).map(|(gain, rank)| gain / f64::from(rank).log2()).sum::<f64>();
        let gains: Vec<f64> =
            ranking.iter().take(DEPTH).map(|name| relevant.get(*name).map_or(0.0, |r| gain(*r))).collect();
        let mut ideal: Vec<f64> = relevant.values().map(|relevance| gain(*relevance)).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        ideal.truncate(DEPTH);
        let recall = |depth: usize| {
            let hits = ranking.iter().take(depth).filter(|name| relevant.contains_key(**name)).count();
            hits as f64 / relevant.len().max(1) as f64
        };
        self.questions += 1;
        self.ndcg += discounted(&gains) / discounted(&ideal).max(f64::MIN_POSITIVE);
        self.recall_short += recall(DEPTH_SHORT);
        self.recall += recall(DEPTH);
    }
}

fn lines<T: for<'a> Deserialize<'a>>(file: &Path) -> io::Result<Vec<T>> {
    let text = fs::read_to_string(file)?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).map_err(io::Error::other))
        .collect()
}

/// Adds a searchable document.
fn add_document(rows: &Connection, id: &str) -> rusqlite::Result<()> {
    rows.execute(
        "INSERT INTO documents (id, account_id, origin, source, title, media_type, bytes, content_hash, state, created_at, updated_at)
         VALUES (?1, ?2, 'file', ?1, ?1, 'text/plain', 0, '', 'done', 0, 0)",
        params![id, ACCOUNT_ID],
    )?;
    Ok(())
}

/// Questions, and each passage id's name.
type Prepared = (Vec<Judged>, HashMap<i64, String>);

/// Loads a corpus in BEIR's layout: pages of one document, one passage each.
fn passages(folder: &Path, rows: &Connection) -> io::Result<Prepared> {
    let (corpus, queries): (Vec<Text>, Vec<Text>) =
        (lines(&folder.join("corpus.jsonl"))?, lines(&folder.join("queries.jsonl"))?);
    let mut judgements: BTreeMap<String, HashMap<String, u32>> = BTreeMap::new();
    for line in fs::read_to_string(folder.join("qrels.tsv"))?.lines().skip(1) {
        if let [query, passage, relevance] = line.split('\t').collect::<Vec<_>>()[..] {
            let relevance = relevance.trim().parse().unwrap_or(0);
            judgements.entry(query.to_owned()).or_default().insert(passage.to_owned(), relevance);
        }
    }
    let mut names = HashMap::new();
    let mut add = || -> rusqlite::Result<()> {
        rows.execute_batch("BEGIN")?;
        add_document(rows, "corpus")?;
        for (page, text) in (1..).zip(&corpus) {
            let body = extract::clean(&text.text).0;
            let new = NewSegment {
                page,
                start: 0,
                end: u32::try_from(body.len()).unwrap_or(u32::MAX),
                kind: SegmentKind::Prose,
                context: text.title.clone(),
            };
            pages::insert(rows, "corpus", &[NewPage { page, text: body.clone(), flags: Vec::new() }])?;
            segments::insert(rows, "corpus", &body, &[new])?;
            names.insert(rows.query_row("SELECT MAX(id) FROM segments", [], |row| row.get(0))?, text.id.clone());
        }
        rows.execute_batch("COMMIT")
    };
    add().map_err(io::Error::other)?;
    let judged = queries
        .into_iter()
        .filter_map(|query| Some(Judged { relevant: judgements.remove(&query.id)?, question: query.text }));
    Ok((judged.collect(), names))
}

/// Loads PDFs and the pages that answer the questions.
fn reports(folder: &Path, rows: &Connection) -> io::Result<Prepared> {
    let gold: Vec<Gold> = lines(&folder.join("gold.jsonl"))?;
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "pdf"));
    files.sort();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut told = Vec::new();
        extract::extract(Format::Pdf, fs::read(file)?, 1, &mut told)?;
        let pieces = told.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let texts: Vec<NewPage> = pieces
            .filter_map(|piece| match piece {
                Piece::Page { page, text, .. } => Some(NewPage { page, text, flags: Vec::new() }),
                _ => None,
            })
            .collect();
        add_report(rows, &name, &texts).map_err(io::Error::other)?;
    }
    let mut names = rows.prepare("SELECT id, document_id, page FROM segments").map_err(io::Error::other)?;
    let named = names
        .query_map([], |row| Ok((row.get(0)?, format!("{}#{}", row.get::<_, String>(1)?, row.get::<_, u32>(2)?))))
        .and_then(Iterator::collect)
        .map_err(io::Error::other)?;
    let judged = gold.into_iter().map(|gold| Judged {
        question: gold.question,
        relevant: HashMap::from([(format!("{}#{}", gold.file, gold.page), 1)]),
    });
    Ok((judged.collect(), named))
}

fn add_report(rows: &Connection, name: &str, texts: &[NewPage]) -> rusqlite::Result<()> {
    rows.execute_batch("BEGIN")?;
    add_document(rows, name)?;
    pages::insert(rows, name, texts)?;
    let mut beginning: String = texts.iter().take(6).map(|page| format!("{}\n", page.text)).collect();
    beginning.truncate(beginning.floor_char_boundary(LOOKED_AT_BYTES));
    let (found, year) = identity::find(&beginning);
    documents::set_found(rows, name, &found, year, UtcInstant::EPOCH)?;
    let header = identity::header(found.issuer.as_deref(), found.form.as_deref(), found.period.as_deref());
    eprintln!("{name}: {} pages, {header}, {}", texts.len(), found.ticker.as_deref().unwrap_or("no ticker"));
    let mut segmenter = Segmenter::new(header);
    for page in texts {
        segments::insert(rows, name, &page.text, &segmenter.cut(page.page, &page.text))?;
    }
    rows.execute_batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_the_textbook_s() {
        let mut measures = Measures::default();
        let relevant = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]);
        measures.add(&["x", "a", "y", "z", "u", "b"], &relevant);
        let expected = (1.0 / 3f64.log2() + 1.0 / 7f64.log2()) / (1.0 + 1.0 / 3f64.log2());
        assert!((measures.ndcg - expected).abs() < 1e-12);
        assert_eq!((measures.recall_short, measures.recall), (0.5, 1.0));
    }
}
