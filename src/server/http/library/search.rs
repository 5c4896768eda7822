//! `/api/library/search` and the counts of the library.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::named;
use crate::{
    domain::library::{Filters, LibraryStats, Mode, SearchResult},
    error::ApiError,
    server::{
        http::{
            json::Json,
            json_body::missing,
            parameter::{Parameter, invalid_parameter, read_limit},
        },
        library::{
            Question,
            bounds::{HITS_DEFAULT, HITS_MAX},
        },
        state::AppState,
    },
};

/// `?q=…` and filters.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchParameters {
    /// A question or words, 1 to 2,000 characters.
    #[param(value_type = String, example = "What was revenue in 2022?")]
    q: Option<String>,
    /// `hybrid` (the default), `words` or `dense`
    mode: Option<String>,
    /// A document's id.
    document: Option<String>,
    ticker: Option<String>,
    issuer: Option<String>,
    form: Option<String>,
    tag: Option<String>,
    /// First year of the documents' periods.
    #[param(value_type = Option<u16>)]
    from: Option<String>,
    /// Last year of the documents' periods.
    #[param(value_type = Option<u16>)]
    to: Option<String>,
    /// `false`: a company named in the question does not become a filter.
    #[param(value_type = Option<bool>)]
    found: Option<String>,
    /// Most passages to return.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100, default = 10)]
    limit: Option<String>,
}

/// The passages that match a question best. `mode_used` is the search method used, `filters` the filters applied; those
/// read from the question itself are named in `filters.found`.
#[utoipa::path(
    get, path = "/api/library/search", tag = "Library", params(SearchParameters),
    responses((status = 200, body = SearchResult))
)]
pub async fn search(
    State(state): State<AppState>,
    Parameter(parameters): Parameter<SearchParameters>,
) -> Result<Json<SearchResult>, ApiError> {
    let mode = named("mode", parameters.mode.as_deref(), Mode::from_name, "hybrid, words or dense")?;
    let finds = match parameters.found.as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(invalid_parameter("found", "it can be true or false")),
    };
    let question = Question {
        text: parameters.q.ok_or_else(|| missing("q"))?,
        mode: mode.unwrap_or_default(),
        filters: Filters {
            document: parameters.document,
            ticker: parameters.ticker,
            issuer: parameters.issuer,
            form: parameters.form,
            tag: parameters.tag,
            from: year("from", parameters.from.as_deref())?,
            to: year("to", parameters.to.as_deref())?,
            found: Vec::new(),
            as_given: !finds,
        },
        finds_filters: finds,
        limit: read_limit(parameters.limit.as_deref(), HITS_DEFAULT, HITS_MAX)?,
    };
    state.library.search(question).await.map(Json)
}

fn year(parameter: &str, text: Option<&str>) -> Result<Option<i32>, ApiError> {
    let wrong = || invalid_parameter(parameter, "it has to be a year, such as 2022");
    text.map(|text| text.parse().ok().filter(|year| (1900..=2200).contains(year)).ok_or_else(wrong)).transpose()
}

/// Counts of the library.
#[utoipa::path(get, path = "/api/library/stats", tag = "Library", responses((status = 200, body = LibraryStats)))]
pub async fn stats(State(state): State<AppState>) -> Result<Json<LibraryStats>, ApiError> {
    let stats = state.library.stats().await?;
    Ok(Json(stats))
}
