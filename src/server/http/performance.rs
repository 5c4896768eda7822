//! `/api/lots`: purchases and sales, lot by lot.

use axum::{Router, extract::State, routing::get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    json::Json,
    parameter::{Parameter, invalid_parameter, read_limit},
};
use crate::{
    domain::{
        performance::lots::{InvalidLotMethod, LotMethod, LotsPage, of_trades},
        ticker::Ticker,
    },
    error::ApiError,
    server::{caller::Caller, state::AppState},
};

const CLOSED_DEFAULT: usize = 1_000;
const CLOSED_MAX: usize = 10_000;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/lots", get(lots))
}

/// `?method=fifo&ticker=NVDA&limit=1000`, all optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LotsParameters {
    /// Which shares a sale takes; `average` without it.
    #[param(value_type = Option<LotMethod>)]
    method: Option<String>,
    /// Only lots of this ticker.
    #[param(value_type = Option<Ticker>)]
    ticker: Option<String>,
    /// The largest number of closed lots that is answered.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<String>,
}

/// The lots since the latest reset: what is held, and what was sold, purchase by purchase. A lot's cost includes the commission
/// of its purchase, and proceeds are without that of the sale. By every method the gains realised and the cost that is left
/// add up to the same, to the cent; `average` is the method of the portfolio. Quantities are in shares of today, after splits.
#[utoipa::path(
    get, path = "/api/lots", tag = "Performance", params(LotsParameters), responses((status = 200, body = LotsPage))
)]
pub async fn lots(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<LotsParameters>,
) -> Result<Json<LotsPage>, ApiError> {
    let method = match parameters.method {
        None => LotMethod::default(),
        Some(text) => text.parse().map_err(|error| wrong_method(&error))?,
    };
    let ticker = parameters.ticker.map(|text| text.parse()).transpose()?;
    let limit = read_limit(parameters.limit.as_deref(), CLOSED_DEFAULT, CLOSED_MAX)?;
    let trades = state.ledger.trade_history(caller.account, ticker).await?;
    Ok(Json(LotsPage::new(method, of_trades(method, &trades), limit)))
}

fn wrong_method(error: &InvalidLotMethod) -> ApiError {
    invalid_parameter("method", &error.to_string())
}

/// The errors of the operations here, for the API's description.
pub fn errors() -> Vec<ApiError> {
    vec![ApiError::InvalidTicker, wrong_method(&InvalidLotMethod)]
}
