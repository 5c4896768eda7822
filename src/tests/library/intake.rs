//! The successful intake of a document.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{READ_MAX, REPORT, document_id, search, settled, take_in, upload, upload_all};
use crate::{app::TestApp, events::Events};

#[tokio::test]
async fn a_document_is_read_found_and_shown_as_it_is() {
    let app = TestApp::start().await;
    let document = take_in(&app.client, "acme_2022.txt", REPORT.as_bytes()).await;
    let id = document["id"].as_str().unwrap();
    for (field, value) in
        [("title", "acme 2022"), ("issuer", "ACME CORPORATION"), ("form", "10-K"), ("period", "FY2022")]
    {
        assert_eq!(document[field], value, "{document}");
    }
    let hits = search(&app.client, "What were revenues in 2022?").await;
    let hit = &hits[0];
    assert!(hit["text"].as_str().unwrap().contains("66,608"), "{hit}");
    assert!(hit["context"].as_str().unwrap().starts_with("ACME CORPORATION · 10-K · FY2022"), "{hit}");

    // The shown text is the page's own.
    let page = app.client.read(&format!("/api/library/documents/{id}/pages/1")).await;
    let text = page["text"].as_str().unwrap();
    let offset = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    assert_eq!(hit["text"], text[offset(&hit["start"])..offset(&hit["end"])]);
    let mark = &hit["marks"][0];
    assert!(!hit["text"].as_str().unwrap()[offset(&mark[0])..offset(&mark[1])].is_empty());
    let segments = app.client.read(&format!("/api/library/documents/{id}/segments")).await;
    assert_eq!(segments["total"], document["segments"]);
    let segment = app.client.read(&format!("/api/library/segments/{}", hit["segment"])).await;
    assert_eq!((&segment["text"], &segment["page"]), (&hit["text"], &hit["page"]));

    let original = app.client.get(&format!("/api/library/documents/{id}/original")).await;
    let header = |name: &str| original.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''acme_2022.txt");
    assert!(header("content-security-policy").starts_with("sandbox"));
    assert_eq!(original.text().await.unwrap(), REPORT);
}

#[tokio::test]
async fn the_same_content_is_one_document() {
    let app = TestApp::start().await;
    let (first, second) =
        tokio::join!(upload(&app.client, "a.txt", b"same words"), upload(&app.client, "b.txt", b"same words"));
    assert_eq!(document_id(&first), document_id(&second));
    assert_ne!(first["duplicate"], second["duplicate"]);
    let again = upload_all(&app.client, &[("c.txt", b"same words")], &[]).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(app.client.read("/api/library/documents").await["total"], 1);
}

#[tokio::test]
async fn of_many_files_each_is_told_by_itself() {
    let app = TestApp::start().await;
    let files: [(&str, &[u8]); 3] =
        [("a.txt", b"first words"), ("b.png", b"\x89PNG\r\n\0"), ("c.md", b"# second words")];
    let answer = upload_all(&app.client, &files, &[("ticker", "ba"), ("tags", "annual, report")]).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let answer: Value = answer.json().await.unwrap();
    let items = answer["items"].as_array().unwrap();
    assert_eq!((&items[1]["code"], &items[1]["name"]), (&json!("unsupported_file"), &json!("b.png")));
    for item in [&items[0], &items[2]] {
        let document = settled(&app.client, &document_id(item)).await;
        assert_eq!((&document["ticker"], &document["tags"]), (&json!("BA"), &json!(["annual", "report"])));
    }
    let listed = app.client.read("/api/library/documents?ticker=ba&tag=report&limit=1").await;
    assert_eq!((&listed["total"], listed["documents"].as_array().unwrap().len()), (&json!(2), 1));
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = app.client.read(&format!("/api/library/documents?ticker=BA&limit=1&cursor={cursor}")).await;
    assert_ne!(rest["documents"][0]["id"], listed["documents"][0]["id"]);
    assert_eq!(app.client.read("/api/library/documents?query=nothing").await["total"], 0);
}

#[tokio::test]
async fn text_that_is_pasted_is_a_document() {
    let app = TestApp::start().await;
    let body = json!({ "title": "A note", "text": "The harbour opens in May.", "tags": ["note"] });
    let answer = app.client.post("/api/library/documents", body).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let document = settled(&app.client, &document_id(&answer.json().await.unwrap())).await;
    assert_eq!(
        (&document["title"], &document["origin"], &document["state"]),
        (&json!("A note"), &json!("text"), &json!("done"))
    );
    assert_eq!(search(&app.client, "harbor harbour").await.len(), 1);
}

#[rstest]
#[case::nothing(json!({}), "missing_field")]
#[case::both(json!({ "text": "a", "url": "https://example.org" }), "invalid_parameter")]
#[case::empty(json!({ "text": " " }), "invalid_parameter")]
#[case::unknown(json!({ "text": "a", "surprise": 1 }), "malformed_json")]
#[case::ticker(json!({ "text": "a", "ticker": "12" }), "invalid_ticker")]
#[case::tags(json!({ "text": "a", "tags": [""] }), "invalid_parameter")]
#[tokio::test]
async fn what_cannot_be_meant_is_refused(#[case] body: Value, #[case] code: &str) {
    let app = TestApp::start().await;
    let answer = app.client.post("/api/library/documents", body).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], code);
    assert_eq!(app.client.read("/api/library/stats").await["documents"], 0);
    assert_eq!(app.client.read("/api/library/documents?ticker=NVDA").await["total"], 0);
    assert_eq!(app.client.read("/api/library/tasks").await["total"], 0);
}

#[tokio::test]
async fn a_file_too_large_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let answer = upload_all(&app.client, &[("big.txt", &vec![b'a'; (50 << 20) + 1])], &[]).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "file_too_large");
    let left = std::fs::read_dir(app.folder().join("db/library/incoming")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_person_sets_stays_and_is_searched_with() {
    let app = TestApp::start().await;
    let document = take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    let path = format!("/api/library/documents/{}", document["id"].as_str().unwrap());
    let change = json!({ "issuer": "Acme Rockets", "ticker": "BA", "period": "FY2021", "tags": ["mine"] });
    let answer = app.client.http.patch(app.client.url(&path)).json(&change).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let changed = settled(&app.client, document["id"].as_str().unwrap()).await;
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    let hits = search(&app.client, "rockets revenues").await;
    assert!(hits[0]["context"].as_str().unwrap().starts_with("Acme Rockets · 10-K · FY2021"), "{hits:?}");
    let found = app.client.read("/api/library/search?q=revenues&from=2022").await;
    assert_eq!(found["hits"], json!([]));
    let found = app.client.read("/api/library/search?q=revenues&from=2021&to=2021&mode=words").await;
    assert_eq!((&found["mode_used"], found["hits"].as_array().unwrap().is_empty()), (&json!("words"), false));
}

#[tokio::test]
async fn a_company_that_a_question_names_narrows_the_search() {
    let app = TestApp::start().await;
    take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    let other = REPORT.replace("ACME CORPORATION", "Zenith Mining Corporation").replace("66,608", "1,111");
    take_in(&app.client, "zenith.txt", other.as_bytes()).await;
    let found = app.client.read("/api/library/search?q=What+were+Zenith%27s+revenues").await;
    assert_eq!(
        (&found["filters"]["issuer"], &found["filters"]["found"]),
        (&json!("Zenith Mining Corporation"), &json!(["issuer"]))
    );
    assert!(found["hits"].as_array().unwrap().iter().all(|hit| hit["title"] == "zenith"));
    let found = app.client.read("/api/library/search?q=What+were+Zenith%27s+revenues&found=false").await;
    assert!(found["filters"].get("issuer").is_none() && found["hits"].as_array().unwrap().len() > 1);
}

#[tokio::test]
async fn a_deleted_document_leaves_nothing_and_can_come_again() {
    let app = TestApp::start().await;
    let document = take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    let path = format!("/api/library/documents/{}", document["id"].as_str().unwrap());
    let answer = app.client.http.delete(app.client.url(&path)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(app.client.get(&path).await.status(), StatusCode::NOT_FOUND);
    assert!(search(&app.client, "revenues").await.is_empty());
    let stats = app.client.read("/api/library/stats").await;
    assert_eq!((&stats["documents"], &stats["segments"]), (&json!(0), &json!(0)));
    assert_eq!(files(&app), 0);
    take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    assert_eq!(files(&app), 1);
}

/// Number of originals on the disk.
fn files(app: &TestApp) -> usize {
    let folders = std::fs::read_dir(app.folder().join("db/library")).unwrap();
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test]
async fn a_folder_is_taken_in_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("2022")).unwrap();
    std::fs::write(folder.path().join("2022/acme.txt"), REPORT).unwrap();
    std::fs::write(folder.path().join("picture.png"), b"\x89PNG\0").unwrap();
    let app = TestApp::start_with(&[("LIBRARY_FOLDER", folder.path().to_str().unwrap())]).await;
    let look = async || app.client.post("/api/library/folder", json!({})).await.json::<Value>().await.unwrap();
    let first = look().await;
    assert_eq!(
        (&first["added"], &first["known"], &first["skipped"][0]["name"]),
        (&json!(1), &json!(0), &json!("picture.png"))
    );
    let second = look().await;
    assert_eq!((&second["added"], &second["known"]), (&json!(0), &json!(1)));
    let listed = app.client.read("/api/library/documents").await;
    assert_eq!(
        (&listed["documents"][0]["source"], &listed["documents"][0]["origin"]),
        (&json!("2022/acme.txt"), &json!("folder"))
    );
}

#[tokio::test]
async fn what_changes_is_told_to_every_page() {
    let app = TestApp::start().await;
    let (mut events, _) = Events::begin(&app.client).await;
    let document = take_in(&app.client, "acme.txt", REPORT.as_bytes()).await;
    let mut kinds = BTreeSet::new();
    let heard = async {
        while !(kinds.contains("document") && kinds.contains("task")) {
            kinds.insert(events.next().await.unwrap().kind);
        }
    };
    tokio::time::timeout(READ_MAX, heard).await.unwrap();
    assert_eq!(document["state"], "done");
}

#[tokio::test]
async fn a_library_that_is_not_used_is_not_there() {
    let app = TestApp::start().await;
    assert_eq!(app.client.read("/api/library/stats").await["documents"], 0);
    assert!(!app.folder().join("db/library.db").exists() && !app.folder().join("db/library").exists());
}
