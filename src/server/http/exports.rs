//! `/api/exports/trades.csv`: the whole history as a file, read and sent page by page, in one request.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream::try_unfold;
use serde::Deserialize;
use utoipa::IntoParams;

use super::parameter::{Parameter, invalid_parameter};
use crate::{
    domain::{
        account_id::AccountId,
        order::{Correction, Trade},
    },
    error::ApiError,
    server::{
        caller::Caller,
        ledger::{Ledger, TRADES_MAX},
        state::AppState,
    },
};

const COLUMNS: [&str; 9] =
    ["executed_at_utc", "ticker", "side", "quantity", "price", "notional", "realized_pnl", "source", "id"];

/// Approximate length of a line.
const LINE_BYTES: usize = 140;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/exports/trades.csv", get(trades))
}

/// `?separator=;&decimal=,`, both optional.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportParameters {
    /// Field separator: `,`, `;` or a tab (`%09`); by default `,`, or `;` if the decimal mark is a comma.
    #[param(example = ";")]
    separator: Option<String>,
    /// The decimal mark: `.` or `,`.
    #[param(example = ",")]
    decimal: Option<String>,
}

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    separator: char,
    decimal_mark: char,
}

impl ExportParameters {
    fn form(&self) -> Result<Form, ApiError> {
        Form::read(self.separator.as_deref(), self.decimal.as_deref())
    }
}

impl Form {
    /// The format that these parameters ask for.
    ///
    /// # Errors
    /// If one of them is not possible.
    pub fn read(separator: Option<&str>, decimal: Option<&str>) -> Result<Self, ApiError> {
        let decimal_mark = match decimal {
            None | Some(".") => '.',
            Some(",") => ',',
            Some(_) => return Err(invalid_parameter("decimal", "it can be \".\" or \",\"")),
        };
        let separator = match separator {
            None if decimal_mark == ',' => ';',
            None | Some(",") => ',',
            Some(";") => ';',
            Some("\t") => '\t',
            Some(_) => return Err(invalid_parameter("separator", "it can be \",\", \";\" or a tab")),
        };
        Ok(Self { separator, decimal_mark })
    }

    /// Removes the marks of the display format: `-$1,234.50` becomes `-1234.50`.
    pub fn figure(self, text: impl ToString) -> String {
        text.to_string().replace([',', '$'], "").replace('.', self.decimal_mark.encode_utf8(&mut [0; 4]))
    }
}

/// The trades since the latest reset, newest first, as separated values (RFC 4180) with a header line; numbers without
/// grouping, times in UTC.
#[utoipa::path(
    get, path = "/api/exports/trades.csv", tag = "Portfolio", params(ExportParameters),
    responses((status = 200, description = "A file without an end in sight.", content_type = "text/csv", body = String))
)]
pub async fn trades(
    State(state): State<AppState>,
    caller: Caller,
    Parameter(parameters): Parameter<ExportParameters>,
) -> Result<Response, ApiError> {
    let form = parameters.form()?;
    // A failure now becomes a problem; a later one aborts the download, which browsers report.
    let first = read_page(&state.ledger, caller.account, Next::First, form).await?;
    let ledger = state.ledger.clone();
    let pages = try_unfold(first, move |page| {
        let ledger = ledger.clone();
        async move {
            let Some((text, next)) = page else { return Ok::<_, ApiError>(None) };
            Ok(Some((text, read_page(&ledger, caller.account, next, form).await?)))
        }
    });
    Ok(file("attachment; filename=\"finally-trades.csv\"", Body::from_stream(pages)))
}

/// A file with this `Content-Disposition`.
pub fn file(disposition: &'static str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

/// The page to read next.
enum Next {
    First,
    Before(String),
    None,
}

/// Text of a page, and the page after it; `None` after the last one.
async fn read_page(
    ledger: &Ledger,
    account: AccountId,
    next: Next,
    form: Form,
) -> Result<Option<(Bytes, Next)>, ApiError> {
    let (before, is_first) = match next {
        Next::First => (None, true),
        Next::Before(id) => (Some(id), false),
        Next::None => return Ok(None),
    };
    let page = ledger.trades(account, TRADES_MAX, before.as_deref()).await?;
    let mut text = String::with_capacity((page.trades.len() + 1) * LINE_BYTES);
    if is_first {
        write_line(&mut text, form, &COLUMNS);
    }
    page.trades.iter().for_each(|trade| write_line(&mut text, form, &fields(trade, form)));
    Ok(Some((text.into(), page.next_before.map_or(Next::None, Next::Before))))
}

/// In order of the columns.
fn fields(trade: &Trade, form: Form) -> [String; 9] {
    [
        trade.executed_at.to_rfc3339(),
        trade.ticker.to_string(),
        trade.side.as_str().to_owned(),
        form.figure(trade.quantity),
        form.figure(trade.price),
        form.figure(trade.notional),
        form.figure(trade.realized_pnl),
        // A correction has no source; its kind is written instead.
        trade.correction.map_or(trade.source.as_str(), Correction::as_str).to_owned(),
        trade.id.clone(),
    ]
}

/// Writes a line; a field that contains the separator, a quote or a line end is quoted.
pub fn write_line(text: &mut String, form: Form, fields: &[impl AsRef<str>]) {
    for (index, field) in fields.iter().map(AsRef::as_ref).enumerate() {
        if index > 0 {
            text.push(form.separator);
        }
        if field.contains([form.separator, '"', '\r', '\n']) {
            text.extend(["\"", &field.replace('"', "\"\""), "\""]);
        } else {
            text.push_str(field);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{
        instant::UtcInstant,
        money::{Money, Price},
        order::{OrderSource, Side},
    };

    fn form(separator: Option<&str>, decimal: Option<&str>) -> Result<Form, ApiError> {
        ExportParameters { separator: separator.map(str::to_owned), decimal: decimal.map(str::to_owned) }.form()
    }

    #[rstest]
    #[case(None, None, Some((',', '.')))]
    #[case(None, Some(","), Some((';', ',')))]
    #[case(Some(";"), None, Some((';', '.')))]
    #[case(Some("\t"), Some(","), Some(('\t', ',')))]
    #[case(Some(","), Some(","), Some((',', ',')))]
    #[case(Some("|"), None, None)]
    #[case(Some(""), None, None)]
    #[case(None, Some("٫"), None)]
    fn fields_and_decimals_are_told_apart(
        #[case] separator: Option<&str>,
        #[case] decimal: Option<&str>,
        #[case] expected: Option<(char, char)>,
    ) {
        let marks = form(separator, decimal).ok().map(|form| (form.separator, form.decimal_mark));
        assert_eq!(marks, expected);
    }

    #[rstest]
    #[case(None, "2026-11-22T12:00:00Z;BRK.B;sell;1234,5;410,005;506151,17;-1234,50;copilot;0193\r\n")]
    #[case(
        Some(","),
        "2026-11-22T12:00:00Z,BRK.B,sell,\"1234,5\",\"410,005\",\"506151,17\",\"-1234,50\",copilot,0193\r\n"
    )]
    fn a_trade_is_a_line_of_plain_numbers(#[case] separator: Option<&str>, #[case] line: &str) {
        let trade = Trade {
            id: "0193".to_owned(),
            client_order_id: None,
            ticker: "BRK.B".parse().unwrap(),
            side: Side::Sell,
            quantity: "1234.5".parse().unwrap(),
            price: Price::from_units(4_100_050).unwrap(),
            notional: Money::from_cents(50_615_117),
            realized_pnl: Money::from_cents(-123_450),
            source: OrderSource::Copilot,
            executed_at: UtcInstant::from_unix_ms(1_795_348_800_000),
            correction: None,
            adjusted: None,
            order_id: None,
            commission: Money::ZERO,
        };
        let form = form(separator, Some(",")).unwrap();
        let mut text = String::new();
        write_line(&mut text, form, &fields(&trade, form));
        assert_eq!(text, line);
    }
}
