//! The Research library: intake, search and answers, and their behaviour under faults.

mod answers;
mod disk;
mod faults;
mod fetch;
mod intake;
mod kept;
mod meaning;

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::{app::TestClient, scripted::eventually};

/// Timeout for reading a small document on a busy machine.
pub const READ_MAX: Duration = Duration::from_secs(60);

/// Uploads files like a browser's form.
pub async fn upload_all(client: &TestClient, files: &[(&str, &[u8])], fields: &[(&str, &str)]) -> Response {
    try_upload(client, files, fields).await.unwrap()
}

/// The same, to a server that may be gone.
pub async fn try_upload(
    client: &TestClient,
    files: &[(&str, &[u8])],
    fields: &[(&str, &str)],
) -> reqwest::Result<Response> {
    const BOUNDARY: &str = "a-boundary-of-the-tests";
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    for (name, content) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let request = client.http.post(client.url("/api/library/documents")).body(body);
    request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).send().await
}

/// Uploads a file; returns the response, which must be successful.
pub async fn upload(client: &TestClient, name: &str, content: &[u8]) -> Value {
    let answer = upload_all(client, &[(name, content)], &[]).await;
    let (status, answer): (_, Value) = (answer.status(), answer.json().await.unwrap());
    assert!(status == StatusCode::ACCEPTED || status == StatusCode::OK, "{status} {answer}");
    answer
}

/// The document's id in the response to an upload.
pub fn document_id(answer: &Value) -> String {
    answer["document"]["id"].as_str().unwrap().to_owned()
}

/// Waits until a document's task is over; returns the document.
pub async fn settled(client: &TestClient, id: &str) -> Value {
    eventually(READ_MAX, "the document is taken in, or failed", async || {
        let document = client.read(&format!("/api/library/documents/{id}")).await;
        matches!(document["task"]["state"].as_str(), Some("done" | "failed" | "cancelled"))
    })
    .await;
    client.read(&format!("/api/library/documents/{id}")).await
}

/// Uploads a file and waits until it is done.
pub async fn take_in(client: &TestClient, name: &str, content: &[u8]) -> Value {
    let id = document_id(&upload(client, name, content).await);
    let document = settled(client, &id).await;
    assert_eq!(document["state"], "done", "{document}");
    document
}

/// Hits of a search.
pub async fn search(client: &TestClient, question: &str) -> Vec<Value> {
    let words = question.replace(' ', "+").replace('\'', "%27");
    let found = client.read(&format!("/api/library/search?q={words}")).await;
    found["hits"].as_array().unwrap_or_else(|| panic!("{found}")).clone()
}

/// A report of some pages with a table.
pub const REPORT: &str = "ACME CORPORATION\n(Exact name of registrant as specified in its charter)\nFORM 10-K\nFor the fiscal \
    year ended December 31, 2022\n\nResults of Operations\n(Dollars in millions)   2022   2021\nRevenues   $ 66,608   $ \
    62,286\nCost of products   53,969   49,954\n\nRevenues increased by 7 percent because of higher deliveries of rockets.\n";
