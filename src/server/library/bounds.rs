//! Every bound of the library, by name.

use std::time::Duration;

pub const KIB: u64 = 1_024;
pub const MIB: u64 = 1_024 * KIB;

/// The largest file.
pub const FILE_BYTES_MAX: u64 = 50 * MIB;
/// The files of one upload.
pub const FILES_PER_UPLOAD_MAX: usize = 50;
/// One upload in all.
pub const UPLOAD_BYTES_MAX: u64 = 500 * MIB;
/// How long an upload may stand still.
pub const UPLOAD_SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long an upload may take in all, its answer included.
pub const UPLOAD_WALL: Duration = Duration::from_secs(1_800);
/// A pasted text's JSON, its escapes included.
pub const TEXT_BODY_BYTES_MAX: usize = 4 * MIB as usize;

pub const PAGES_MAX: u32 = 3_000;
/// The text of one document.
pub const TEXT_BYTES_MAX: usize = 20 * MIB as usize;
/// The text of one page; what is longer is cut into several.
pub const PAGE_BYTES_MAX: usize = 64 * KIB as usize;
/// A page of a format without pages.
pub const MADE_PAGE_BYTES: usize = 4 * KIB as usize;
pub const SEGMENTS_PER_DOCUMENT_MAX: usize = 20_000;
pub const DOCUMENTS_MAX: u64 = 5_000;
pub const SEGMENTS_MAX: u64 = 250_000;
/// Tasks that wait or run.
pub const TASKS_MAX: u64 = 500;

pub const TITLE_CHARS_MAX: usize = 200;
pub const TAG_CHARS_MAX: usize = 40;
pub const TAGS_MAX: usize = 20;
/// A field that describes a document: issuer, form, period.
pub const FIELD_CHARS_MAX: usize = 120;

pub const ZIP_ENTRIES_MAX: usize = 2_000;
pub const ZIP_BYTES_MAX: u64 = 100 * MIB;
/// How many times larger than its compressed form an entry may be.
pub const ZIP_RATIO_MAX: u64 = 200;
pub const XML_DEPTH_MAX: usize = 256;

/// Memory of the process that reads a document.
pub const CHILD_MEMORY_BYTES: u64 = 1_024 * MIB;
pub const CHILD_CPU_SECONDS: u64 = 60;
pub const CHILD_WALL: Duration = Duration::from_secs(120);
pub const CHILD_OUTPUT_BYTES_MAX: u64 = 64 * MIB;
/// How often a reader that died is started again behind the page it died on.
pub const CHILD_DEATHS_MAX: u32 = 3;

/// How often a stage is tried.
pub const ATTEMPTS_MAX: u32 = 3;
/// How long the second attempt waits; the third waits four times as long.
pub const RETRY_WAIT: Duration = Duration::from_secs(2);

pub const QUESTION_CHARS_MAX: usize = 2_000;
/// The words of a question that are looked for, the rarest ones.
pub const TERMS_MAX: usize = 16;
/// What each way of searching hands on to be merged.
pub const CANDIDATES_MAX: usize = 200;
pub const HITS_MAX: usize = 100;
pub const HITS_DEFAULT: usize = 10;

pub const LIST_MAX: usize = 100;
pub const LIST_DEFAULT: usize = 50;

pub const ADDRESS_BYTES_MAX: u64 = 20 * MIB;
pub const ADDRESS_CHARS_MAX: usize = 2_000;
pub const ADDRESS_WALL: Duration = Duration::from_secs(20);
pub const ADDRESS_HOPS_MAX: usize = 5;

/// Files that one look at the folder takes in.
pub const FOLDER_FILES_MAX: usize = 500;
/// How deep folders within it are looked at.
pub const FOLDER_DEPTH_MAX: usize = 8;

pub const PASSAGES_MAX: usize = 12;
/// About four bytes each.
pub const PASSAGE_TOKENS_MAX: usize = 6_000;
pub const STATEMENTS_MAX: usize = 60;
pub const STATEMENT_CHARS_MAX: usize = 2_000;
pub const CITATIONS_PER_STATEMENT_MAX: usize = 8;
pub const QUOTE_CHARS_MIN: usize = 12;
pub const QUOTE_CHARS_MAX: usize = 400;
pub const ANSWER_WALL: Duration = Duration::from_secs(60);
/// Answers that wait or run.
pub const ANSWERS_LIVE_MAX: u64 = 20;
/// Answers that are kept; the oldest go.
pub const ANSWERS_KEPT_MAX: u64 = 1_000;
