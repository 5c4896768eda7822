//! Every bound of the library, by name.

use std::time::Duration;

pub const KIB: u64 = 1_024;
pub const MIB: u64 = 1_024 * KIB;

/// Bytes of one file.
pub const FILE_BYTES_MAX: u64 = 50 * MIB;
/// Files of one upload.
pub const FILES_PER_UPLOAD_MAX: usize = 50;
/// Bytes of one upload in all.
pub const UPLOAD_BYTES_MAX: u64 = 500 * MIB;
/// Longest pause within an upload.
pub const UPLOAD_SILENCE_MAX: Duration = Duration::from_secs(30);
/// Longest duration of an upload, its response included.
pub const UPLOAD_WALL: Duration = Duration::from_secs(1_800);
/// Bytes of the JSON body of a pasted text, escapes included.
pub const TEXT_BODY_BYTES_MAX: usize = 4 * MIB as usize;

pub const PAGES_MAX: u32 = 3_000;
/// Bytes of text of one document.
pub const TEXT_BYTES_MAX: usize = 20 * MIB as usize;
/// Bytes of text of one page; longer pages are split.
pub const PAGE_BYTES_MAX: usize = 64 * KIB as usize;
/// Bytes of a page in a format that has no pages.
pub const MADE_PAGE_BYTES: usize = 4 * KIB as usize;
pub const SEGMENTS_PER_DOCUMENT_MAX: usize = 20_000;
pub const DOCUMENTS_MAX: u64 = 5_000;
pub const SEGMENTS_MAX: u64 = 250_000;
/// Tasks that are queued or running.
pub const TASKS_MAX: u64 = 500;

pub const TITLE_CHARS_MAX: usize = 200;
pub const TAG_CHARS_MAX: usize = 40;
pub const TAGS_MAX: usize = 20;
/// Characters of a descriptive field: issuer, form, period.
pub const FIELD_CHARS_MAX: usize = 120;

pub const ZIP_ENTRIES_MAX: usize = 2_000;
pub const ZIP_BYTES_MAX: u64 = 100 * MIB;
/// Largest ratio of an archive entry's size to its compressed size.
pub const ZIP_RATIO_MAX: u64 = 200;
pub const XML_DEPTH_MAX: usize = 256;

/// Memory limit of the process that reads a document.
pub const CHILD_MEMORY_BYTES: u64 = 1_024 * MIB;
pub const CHILD_CPU_SECONDS: u64 = 60;
pub const CHILD_WALL: Duration = Duration::from_secs(120);
pub const CHILD_OUTPUT_BYTES_MAX: u64 = 64 * MIB;
/// Restarts of a reading process that died, each after the page that it died on.
pub const CHILD_DEATHS_MAX: u32 = 3;

/// Attempts per stage.
pub const ATTEMPTS_MAX: u32 = 3;
/// Wait before the second attempt; the third waits four times as long.
pub const RETRY_WAIT: Duration = Duration::from_secs(2);

pub const QUESTION_CHARS_MAX: usize = 2_000;
/// Words of a question that are searched for; the rarest are kept.
pub const TERMS_MAX: usize = 16;
/// Candidates that each search method contributes to the merge.
pub const CANDIDATES_MAX: usize = 200;
pub const HITS_MAX: usize = 100;
pub const HITS_DEFAULT: usize = 10;

/// Dimensions of a vector.
pub const DIMENSIONS_MAX: usize = 4_096;
/// Passages that are embedded at once, between two looks whether the task was cancelled.
pub const EMBEDDED_AT_ONCE: usize = 32;
/// The first hits, which a rerank server may put in another order.
pub const RERANKED_MAX: usize = 50;

pub const LIST_MAX: usize = 100;
pub const LIST_DEFAULT: usize = 50;

pub const ADDRESS_BYTES_MAX: u64 = 20 * MIB;
pub const ADDRESS_CHARS_MAX: usize = 2_000;
pub const ADDRESS_WALL: Duration = Duration::from_secs(20);
pub const ADDRESS_HOPS_MAX: usize = 5;

/// Files taken in by one scan of the folder.
pub const FOLDER_FILES_MAX: usize = 500;
/// Depth of nested folders that a scan descends to.
pub const FOLDER_DEPTH_MAX: usize = 8;

/// Passages in the copilot's prompt.
pub const COPILOT_PASSAGES_MAX: usize = 4;
pub const PASSAGES_MAX: usize = 12;
/// Tokens of all passages in a prompt, at about four bytes each.
pub const PASSAGE_TOKENS_MAX: usize = 6_000;
pub const STATEMENTS_MAX: usize = 60;
pub const STATEMENT_CHARS_MAX: usize = 2_000;
pub const CITATIONS_PER_STATEMENT_MAX: usize = 8;
pub const QUOTE_CHARS_MIN: usize = 12;
pub const QUOTE_CHARS_MAX: usize = 400;
pub const ANSWER_WALL: Duration = Duration::from_secs(60);
/// Answers that are queued or running.
pub const ANSWERS_LIVE_MAX: u64 = 20;
/// Answers that are kept; older ones are deleted.
pub const ANSWERS_KEPT_MAX: u64 = 1_000;
