//! Calls of the library's REST API.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::place::encode;
use crate::{
    domain::{
        library::{Answer, AnswerPage, Document, DocumentPage, Filters, LibraryStats, Mode, Page, SearchResult, Task},
        ticker::Ticker,
    },
    error::ApiError,
    wire::{self, ask::ask_rest},
};

/// Where documents are handed in.
pub const DOCUMENTS: &str = "/api/library/documents";

/// Outcome of an upload.
#[derive(Debug, Clone, Deserialize)]
pub struct Taken {
    pub document: Document,
    /// The library had it.
    pub duplicate: bool,
}

/// A text, or an address, to be taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A person's changes to a document; an empty text removes a field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Change {
    pub title: String,
    pub issuer: String,
    pub ticker: String,
    pub form: String,
    pub period: String,
    pub tags: Vec<String>,
}

/// Outcome of reading the folder.
#[derive(Debug, Clone, Deserialize)]
pub struct FolderLook {
    pub added: u64,
    pub known: u64,
}

/// A question with what narrows it.
#[derive(Serialize)]
struct Asked<'a> {
    question: &'a str,
    document: &'a Option<String>,
    ticker: &'a Option<String>,
    issuer: &'a Option<String>,
    form: &'a Option<String>,
    tag: &'a Option<String>,
    from: Option<i32>,
    to: Option<i32>,
    found: bool,
}

async fn call<T: DeserializeOwned>(method: &'static str, path: &str, body: Option<String>) -> Result<T, ApiError> {
    let answer = ask_rest(method, path, body).await?;
    wire::read(&answer).map_err(|_| ApiError::Unreachable)
}

fn json(value: &impl Serialize) -> Result<Option<String>, ApiError> {
    serde_json::to_string(value).map(Some).map_err(|_| ApiError::Internal)
}

/// A path with its query; what is empty is left out.
fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut whole = path.to_owned();
    for (index, (name, value)) in parameters.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        whole.push(if index == 0 { '?' } else { '&' });
        whole.push_str(name);
        whole.push('=');
        encode(value, &mut whole);
    }
    whole
}

/// A page of documents, newest first; what is empty narrows nothing.
pub async fn documents(narrowing: &[(&str, &str)], cursor: &str) -> Result<DocumentPage, ApiError> {
    let parameters = [narrowing, &[("cursor", cursor)]].concat();
    call("GET", &query(DOCUMENTS, &parameters), None).await
}

/// A ticker's documents, newest first, as many as a short list shows.
pub async fn of_ticker(ticker: Ticker) -> Result<DocumentPage, ApiError> {
    documents(&[("ticker", &ticker.to_string()), ("limit", "12")], "").await
}

/// Attaches a document to a ticker; all else of it stays.
pub async fn attach(id: &str, ticker: Ticker) -> Result<Document, ApiError> {
    #[derive(Serialize)]
    struct Attached {
        ticker: Ticker,
    }
    call("PATCH", &format!("{DOCUMENTS}/{id}"), json(&Attached { ticker })?).await
}

pub async fn document(id: &str) -> Result<Document, ApiError> {
    call("GET", &format!("{DOCUMENTS}/{id}"), None).await
}

pub async fn page(id: &str, page: u32) -> Result<Page, ApiError> {
    call("GET", &format!("{DOCUMENTS}/{id}/pages/{page}"), None).await
}

pub async fn stats() -> Result<LibraryStats, ApiError> {
    call("GET", "/api/library/stats", None).await
}

pub async fn take_in(source: &Source) -> Result<Taken, ApiError> {
    call("POST", DOCUMENTS, json(source)?).await
}

pub async fn read_folder() -> Result<FolderLook, ApiError> {
    call("POST", "/api/library/folder", None).await
}

pub async fn change(id: &str, change: &Change) -> Result<Document, ApiError> {
    call("PATCH", &format!("{DOCUMENTS}/{id}"), json(change)?).await
}

pub async fn delete(id: &str) -> Result<(), ApiError> {
    ask_rest("DELETE", &format!("{DOCUMENTS}/{id}"), None).await.map(drop)
}

/// `action` is `cancel` or `retry`.
pub async fn act_on_task(id: &str, action: &str) -> Result<Task, ApiError> {
    call("POST", &format!("/api/library/tasks/{id}/{action}"), None).await
}

pub async fn search(question: &str, mode: Mode, filters: &Filters) -> Result<SearchResult, ApiError> {
    let year = |year: Option<i32>| year.map(|year| year.to_string()).unwrap_or_default();
    let (from, to) = (year(filters.from), year(filters.to));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let parameters = [
        ("q", question),
        ("mode", mode.as_str()),
        ("document", &text(&filters.document)),
        ("ticker", &text(&filters.ticker)),
        ("issuer", &text(&filters.issuer)),
        ("form", &text(&filters.form)),
        ("tag", &text(&filters.tag)),
        ("from", &from),
        ("to", &to),
        ("found", if filters.as_given { "false" } else { "" }),
        ("limit", "20"),
    ];
    call("GET", &query("/api/library/search", &parameters), None).await
}

pub async fn ask(question: &str, filters: &Filters) -> Result<Answer, ApiError> {
    let Filters { document, ticker, issuer, form, tag, from, to, found: _, as_given } = filters;
    let body = Asked { question, document, ticker, issuer, form, tag, from: *from, to: *to, found: !as_given };
    call("POST", "/api/library/answers", json(&body)?).await
}

pub async fn answer(id: &str) -> Result<Answer, ApiError> {
    call("GET", &format!("/api/library/answers/{id}"), None).await
}

pub async fn answers(cursor: &str) -> Result<AnswerPage, ApiError> {
    call("GET", &query("/api/library/answers", &[("cursor", cursor)]), None).await
}

pub async fn cancel_answer(id: &str) -> Result<Answer, ApiError> {
    call("POST", &format!("/api/library/answers/{id}/cancel"), None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_narrows_nothing() {
        assert_eq!(
            query("/a", &[("q", "5 % & more"), ("tag", ""), ("mode", "words")]),
            "/a?q=5%20%25%20%26%20more&mode=words"
        );
        assert_eq!(query("/a", &[("q", "")]), "/a");
    }
}
