//! Search in a library of 100,000 passages, compared with the plain FTS5 query over the same file, and what the model costs.

use std::{fmt::Write as _, fs};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::{Connection, params};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    Outcome,
    client::Client,
    program::{Bench, Process},
    table::{Bar, barred, percentile, row},
};

const DATABASE: &str = "library-bench/finally.db";
const MODEL: &str = "all-MiniLM-L6-v2 int8";
const PASSAGES: usize = 100_000;
const PASSAGES_PER_PAGE: usize = 4;
const PAGES_PER_DOCUMENT: usize = 250;
const WORDS_PER_PASSAGE: usize = 120;
const DIMENSIONS: usize = 384;
/// Different words; their frequency falls with their number (Zipf's law).
const VOCABULARY: usize = 40_000;
const QUESTIONS: usize = 100;

/// Of what the plain query takes, besides the question's embedding.
const HYBRID: Bar = Bar::AtMost(1.5, " ×");
const MEMORY: Bar = Bar::AtMost(120.0, " MB");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    make_schema(bench).await?;
    let file = bench.path(DATABASE).with_file_name("library.db");
    fill(&mut Connection::open(&file)?, &mut random)?;

    let has_model = bench.program.with_file_name("model").exists();
    let server = bench.serve(DATABASE, 500)?;
    let mut client = Client::connect(server.address).await?;
    // The first request opens the library.
    client.call("GET /api/library/documents?limit=1", "").await?;
    let before_mb = to_mb(server.resident_kib()?);
    let rows = Connection::open(&file)?;
    let mut times = Times::default();
    for _ in 0..QUESTIONS {
        let words: Vec<String> = (0..6).map(|_| word(&mut random, 40)).collect();
        times.plain.push(plain(&rows, &words)?);
        let question = words.join("+");
        times.words.push(search(&mut client, &question, "mode=words").await?);
        if has_model {
            // No document has this ticker, so nothing is scanned.
            times.embedding.push(search(&mut client, &question, "mode=dense&ticker=ZZZZZ").await?);
            times.dense.push(search(&mut client, &question, "mode=dense").await?);
            times.hybrid.push(search(&mut client, &question, "mode=hybrid").await?);
        }
    }
    times.tell();
    if has_model {
        measure_model(&server, &mut client, before_mb).await?;
    }
    server.stop()
}

/// Milliseconds of each question.
#[derive(Default)]
struct Times {
    plain: Vec<f64>,
    words: Vec<f64>,
    embedding: Vec<f64>,
    dense: Vec<f64>,
    hybrid: Vec<f64>,
}

impl Times {
    fn tell(&mut self) {
        let tell = |what: &str, times: &mut [f64]| {
            let figure = format!("{:.1} ms, p95 {:.1} ms", percentile(times, 50), percentile(times, 95));
            row(&format!("library of 100,000 passages: {what}"), &figure);
        };
        tell("the plain FTS5 query", &mut self.plain);
        tell("search by words", &mut self.words);
        if self.hybrid.is_empty() {
            return;
        }
        tell("a question's embedding", &mut self.embedding);
        tell("search by meaning", &mut self.dense);
        tell("search by both", &mut self.hybrid);
        let scan = percentile(&mut self.dense, 50) - percentile(&mut self.embedding, 50);
        row("library: scan of 100,000 × 384 bytes", &format!("{scan:.1} ms"));
        let ratio =
            (percentile(&mut self.hybrid, 95) - percentile(&mut self.embedding, 50)) / percentile(&mut self.plain, 95);
        barred("library: both without the embedding, to the plain query, p95", &format!("{ratio:.2} ×"), ratio, HYBRID);
    }
}

/// Memory while it works, and after it was given back.
async fn measure_model(server: &Process, client: &mut Client, before_mb: f64) -> Outcome<()> {
    let held_mb = to_mb(server.resident_kib()?) - before_mb;
    barred("library: memory of the model while it works", &format!("{held_mb:.0} MB"), held_mb, MEMORY);
    sleep(Duration::from_secs(65)).await;
    client.call("GET /api/health", "").await?;
    let left_mb = to_mb(server.resident_kib()?) - before_mb;
    row("library: memory a minute later", &format!("{left_mb:.0} MB more than before"));
    Ok(())
}

/// Has the server make the library's file.
async fn make_schema(bench: &Bench) -> Outcome<()> {
    fs::create_dir_all(bench.path(DATABASE).parent().ok_or("it has a folder")?)?;
    let server = bench.serve(DATABASE, 500)?;
    let mut client = Client::connect(server.address).await?;
    client
        .call("POST /api/library/documents", r#"{"title":"A note","text":"A note, so that there is a library."}"#)
        .await?;
    while !String::from_utf8_lossy(client.call("GET /api/library/tasks?state=done", "").await?).contains("\"total\":1")
    {
        sleep(Duration::from_millis(50)).await;
    }
    server.stop()
}

/// Adds documents with pages, passages, their words and directions, all drawn at random.
fn fill(rows: &mut Connection, random: &mut ChaCha8Rng) -> Outcome<()> {
    let rows = rows.transaction()?;
    let mut passage = 0;
    while passage < PASSAGES {
        let id = format!("bench-{passage}");
        rows.prepare_cached(
            "INSERT INTO documents (id, account_id, origin, source, title, media_type, bytes, content_hash, state, pages,
                segments, created_at, updated_at)
             VALUES (?1, 'default', 'text', '', ?1, 'text/plain', 1, '', 'done', ?2, ?3, 1, 1)",
        )?
        .execute(params![id, PAGES_PER_DOCUMENT as i64, (PAGES_PER_DOCUMENT * PASSAGES_PER_PAGE) as i64])?;
        for page in 1..=PAGES_PER_DOCUMENT {
            passage += fill_page(&rows, &id, page, random)?;
        }
    }
    rows.commit()?;
    Ok(())
}

fn fill_page(rows: &Connection, document: &str, page: usize, random: &mut ChaCha8Rng) -> Outcome<usize> {
    let (mut text, mut ends) = (String::new(), Vec::new());
    for _ in 0..PASSAGES_PER_PAGE {
        let begin = text.len();
        for _ in 0..WORDS_PER_PASSAGE {
            write!(text, "{} ", word(random, 0))?;
        }
        ends.push((begin, text.len() - 1));
        text.push('\n');
    }
    rows.prepare_cached(
        "INSERT INTO pages (document_id, page, account_id, text, flags) VALUES (?1, ?2, 'default', ?3, '')",
    )?
    .execute(params![document, page as i64, text])?;
    for (begin, end) in ends {
        let id = rows
            .prepare_cached(
                "INSERT INTO segments (account_id, document_id, page, start, end, kind, context)
                 VALUES ('default', ?1, ?2, ?3, ?4, 'prose', 'Acme · 10-K · FY2022')",
            )?
            .insert(params![document, page as i64, begin as i64, end as i64])?;
        rows.prepare_cached("INSERT INTO passages (rowid, context, text) VALUES (?1, 'Acme · 10-K · FY2022', ?2)")?
            .execute(params![id, &text[begin..end]])?;
        let data: Vec<u8> = (0..DIMENSIONS).map(|_| random.random()).collect();
        rows.prepare_cached(
            "INSERT INTO vectors (segment_id, account_id, model, scale, data) VALUES (?1, 'default', ?2, 0.0007, ?3)",
        )?
        .execute(params![id, MODEL, data])?;
    }
    Ok(PASSAGES_PER_PAGE)
}

/// A word, the frequent ones first; not one of the `commonest`.
fn word(random: &mut impl Rng, commonest: usize) -> String {
    let rank = (VOCABULARY as f64).powf(random.random::<f64>()) as usize + commonest;
    // In letters, as stems of words are.
    let mut word = String::from("w");
    let mut rest = rank;
    while rest > 0 {
        word.push(char::from(b'a' + (rest % 20) as u8));
        rest /= 20;
    }
    word + "k"
}

/// Milliseconds of the query that search by words builds on.
fn plain(rows: &Connection, words: &[String]) -> Outcome<f64> {
    let begun = Instant::now();
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let mut query =
        rows.prepare_cached("SELECT rowid, rank FROM passages WHERE passages MATCH ?1 ORDER BY rank LIMIT 200")?;
    let found = query.query_map([quoted.join(" OR ")], |row| row.get::<_, i64>(0))?;
    let count = found.collect::<Result<Vec<_>, _>>()?.len();
    if count == 0 {
        return Err("the plain query finds nothing".into());
    }
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

async fn search(client: &mut Client, question: &str, how: &str) -> Outcome<f64> {
    let begun = Instant::now();
    client.call(&format!("GET /api/library/search?q={question}&limit=10&{how}"), "").await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

fn to_mb(kib: f64) -> f64 {
    kib * 1_024.0 / 1e6
}
