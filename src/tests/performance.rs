//! What the account really did: a hand-made account, asked by API and CSV, and properties of any account.

use std::sync::{Arc, OnceLock};

use finally::{
    domain::{
        corporate_action::{ActionKind, CorporateAction, DividendRate, ExchangeDate, SplitRatio},
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{OrderRequest, OrderSource, Side},
        orders::{costs::Commission, rules::FillRules},
        performance::{
            evaluate::{Question, evaluate},
            flow::NewFlow,
            history::Closes,
            names::FigureName,
            range::Range,
            report::Performance,
        },
        quote::Quote,
    },
    server::{
        clock::system_clock,
        ledger::{ApplyAction, Ledger, PayDividends, PlaceOrder, RecordDay, RecordFlow, Reset},
        market::{feed::Tick, hours::Hours},
        metrics::Metrics,
    },
};
use proptest::prelude::*;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{TestApp, cents, fast_folder},
    ledger::ACCOUNT,
};

fn at(text: &str) -> UtcInstant {
    UtcInstant::from_rfc3339(text).unwrap()
}

/// A moment of November 2026.
fn on(day: u32, time: &str) -> UtcInstant {
    at(&format!("2026-11-{day:02}T{time}Z"))
}

fn opening() -> UtcInstant {
    on(2, "08:00:00")
}

/// Prices in dollars at a moment.
fn market(at: UtcInstant, dollars: &[(&str, i64)]) -> Arc<Tick> {
    let quote = |(symbol, dollars): &(&str, i64)| {
        let price = Price::from_units(dollars * 10_000).unwrap();
        let ticker = symbol.parse().unwrap();
        Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: false }
    };
    Arc::new(Tick::new(1, dollars.iter().map(quote).collect()))
}

/// An account in a file, by hand.
struct Account {
    ledger: Ledger,
}

impl Account {
    async fn trade(&self, at: UtcInstant, side: Side, shares: i64, (symbol, dollars): (&str, i64), by: OrderSource) {
        // The last sale costs a dollar.
        let per_order = if dollars == 64 { Money::from_cents(100) } else { Money::ZERO };
        let order = PlaceOrder {
            order: OrderRequest {
                ticker: symbol.parse().unwrap(),
                side,
                quantity: Quantity::from_millionths(shares * 1_000_000).unwrap(),
                client_order_id: None,
                expected_price: None,
                max_slippage_percent: None,
            },
            source: by,
            prices: market(at, &[(symbol, dollars)]),
            rules: FillRules { commission: Commission { per_order, ..Commission::default() }, ..FillRules::default() },
            trade_id: format!("{side:?}-{symbol}-{}", at.unix_ms()),
            executed_at: at,
        };
        self.ledger.submit(ACCOUNT, order).await.unwrap();
    }

    async fn close(&self, day: u32, prices: &[(&str, i64)]) {
        let at = on(day, "23:59:59.999");
        self.ledger.submit(ACCOUNT, RecordDay { prices: market(at, prices), at }).await.unwrap();
    }

    async fn flow(&self, at: UtcInstant, dollars: i64, prices: &[(&str, i64)]) {
        let amount = Money::from_cents(dollars * 100);
        let flow = NewFlow { amount, note: Some("by hand".to_owned()), client_flow_id: None };
        let (id, prices) = (format!("flow-{dollars}"), market(at, prices));
        self.ledger.submit(ACCOUNT, RecordFlow { flow, id, prices, at }).await.unwrap();
    }

    async fn act(&self, at: UtcInstant, symbol: &str, kind: ActionKind, dollars: i64) {
        let (id, ex_date) = (format!("{symbol}-{}", at.unix_ms()), ExchangeDate::of(at));
        let action = CorporateAction { id, ticker: symbol.parse().unwrap(), ex_date, kind };
        let prices = market(at, &[(symbol, dollars)]);
        self.ledger.submit(ACCOUNT, ApplyAction { action, prices, at }).await.unwrap();
    }
}

/// A dozen days, 2 to 13 November 2026, with two flows, a split and a dividend:
///
/// | day | what happened                                 | cash   | V           | KO         | close  |
/// |-----|-----------------------------------------------|--------|-------------|------------|--------|
/// | 2   | opened with 10,000; bought 20 V at 100        |  8,000 | 20 at 105   |            | 10,100 |
/// | 3   |                                               |  8,000 | 20 at 101   |            | 10,020 |
/// | 4   | worth 10,080 with V at 104; 2,000 paid in     | 10,000 | 20 at 110   |            | 12,200 |
/// | 5   | the copilot bought 50 KO at 60                |  7,000 | 20 at 112   | 50 at 61   | 12,290 |
/// | 6   | V split, 2 for 1                              |  7,000 | 40 at 57    | 50 at 60   | 12,280 |
/// | 7   | sold 10 V at 58, which had cost 500           |  7,580 | 30 at 58    | 50 at 62   | 12,420 |
/// | 8   | KO goes without its dividend of 0.40          |  7,580 | 30 at 58    | 50 at 60   | 12,320 |
/// | 9   | the dividend of 20 is paid                    |  7,600 | 30 at 60    | 50 at 60   | 12,400 |
/// | 10  | worth 12,430 with V at 61; 1,000 withdrawn    |  6,600 | 30 at 62    | 50 at 60   | 11,460 |
/// | 11  | sold 50 KO at 59, which had cost 3,000        |  9,550 | 30 at 61    |            | 11,380 |
/// | 12  |                                               |  9,550 | 30 at 63    |            | 11,440 |
/// | 13  | sold 30 V at 64, commission 1, cost 1,500     | 11,469 |             |            | 11,469 |
async fn by_hand(folder: &TempDir) {
    std::fs::create_dir_all(folder.path().join("db")).unwrap();
    let url = format!("sqlite://{}", folder.path().join("db/finally.db").display());
    let closing = CancellationToken::new();
    let opened = Ledger::open(&url, opening, Hours::Continuous, Metrics::default(), closing.clone()).await;
    let (ledger, ended) = opened.unwrap();
    let account = Account { ledger };
    let (by_hand, by_copilot) = (OrderSource::Manual, OrderSource::Copilot);
    account.trade(on(2, "10:00:00"), Side::Buy, 20, ("V", 100), by_hand).await;
    account.close(2, &[("V", 105)]).await;
    account.close(3, &[("V", 101)]).await;
    account.flow(on(4, "12:00:00"), 2_000, &[("V", 104)]).await;
    account.close(4, &[("V", 110)]).await;
    account.trade(on(5, "10:00:00"), Side::Buy, 50, ("KO", 60), by_copilot).await;
    account.close(5, &[("V", 112), ("KO", 61)]).await;
    let ratio = SplitRatio { from: "1".parse().unwrap(), to: "2".parse().unwrap() };
    account.act(on(6, "06:00:00"), "V", ActionKind::Split(ratio), 56).await;
    account.close(6, &[("V", 57), ("KO", 60)]).await;
    account.trade(on(7, "10:00:00"), Side::Sell, 10, ("V", 58), by_hand).await;
    account.close(7, &[("V", 58), ("KO", 62)]).await;
    let rate = DividendRate::from_billionths(400_000_000).unwrap();
    let pay_date = ExchangeDate::of(on(9, "06:00:00"));
    account.act(on(8, "06:00:00"), "KO", ActionKind::Dividend { rate, pay_date }, 60).await;
    account.close(8, &[("V", 58), ("KO", 60)]).await;
    account.ledger.submit(ACCOUNT, PayDividends { at: on(9, "06:00:00") }).await.unwrap();
    account.close(9, &[("V", 60), ("KO", 60)]).await;
    account.flow(on(10, "12:00:00"), -1_000, &[("V", 61), ("KO", 60)]).await;
    account.close(10, &[("V", 62), ("KO", 60)]).await;
    account.trade(on(11, "10:00:00"), Side::Sell, 50, ("KO", 59), by_hand).await;
    account.close(11, &[("V", 61)]).await;
    account.close(12, &[("V", 63)]).await;
    account.trade(on(13, "10:00:00"), Side::Sell, 30, ("V", 64), by_hand).await;
    account.close(13, &[]).await;
    closing.cancel();
    ended.cancelled().await;
}

/// A week later, from the first call on.
fn a_week_later() -> UtcInstant {
    static STARTED: OnceLock<i64> = OnceLock::new();
    let now = system_clock().unix_ms();
    UtcInstant::from_unix_ms(on(20, "12:00:00").unix_ms() + now - STARTED.get_or_init(|| now))
}

async fn hand_made() -> TestApp {
    let folder = fast_folder();
    by_hand(&folder).await;
    TestApp::start_on(folder, &[], a_week_later).await
}

const DOZEN: &str = "range=2026-11-02,2026-11-13";

fn assert_near(figures: &Value, name: &str, expected: f64) {
    let value = figures[name]["value"].as_f64().unwrap_or_else(|| panic!("{name}: {}", figures[name]));
    assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {value}, and not {expected}");
}

/// The returns are 10,100 ÷ 10,000, 10,020 ÷ 10,100, (10,080 ÷ 10,020) × (12,200 ÷ 12,080), 12,290 ÷ 12,200,
/// 12,280 ÷ 12,290, 12,420 ÷ 12,280, 12,320 ÷ 12,420, 12,400 ÷ 12,320, (12,430 ÷ 12,400) × (11,460 ÷ 11,430),
/// 11,380 ÷ 11,460, 11,440 ÷ 11,380 and 11,469 ÷ 11,440, each less 1. Their product is
/// (10,080 ÷ 10,000) × (12,430 ÷ 12,080) × (11,469 ÷ 11,430), a time-weighted return of 4.074 %.
///
/// The gain is 11,469 − 10,000 − (2,000 − 1,000) = 469: of V 580 + 1,919 − 2,000 = 499, of KO 2,950 + 20 − 3,000 = −30. The
/// copilot's 50 KO lost 50, the dividend brought 20, the rest is 499. The largest fall is from 12,420 to 12,320, made good on
/// the 10th: (12,430 ÷ 12,420) × (11,460 ÷ 11,430) is over 1. The sales gained 80, −50 and 419. Days held are
/// (10 × 5 + 50 × 6 + 30 × 11) ÷ 90 = 680 ÷ 90. The closes add up to 139,779, and 5,000 was bought.
#[tokio::test]
async fn a_hand_made_account_has_the_figures_worked_out_by_hand() {
    let app = hand_made().await;
    let answer = app.client.read(&format!("/api/performance?{DOZEN}")).await;
    let amounts = ["opening_value", "deposits", "withdrawals", "net_flows", "gain", "closing_value"];
    let amounts = amounts.map(|name| cents(&answer[name]) / 100);
    assert_eq!(amounts, [10_000, 2_000, -1_000, 1_000, 469, 11_469]);
    let amounts = ["fees", "dividends", "bought", "sold"].map(|name| cents(&answer[name]) / 100);
    assert_eq!(amounts, [1, 20, 5_000, 5_449]);
    assert_eq!((&answer["days"], &answer["periods_a_year"]), (&json!(12), &json!(68.25)));
    assert_eq!((&answer["from"], &answer["to"]), (&json!("2026-11-02"), &json!("2026-11-13")));

    let figures = &answer["figures"];
    for (name, expected) in [
        ("twr", (10_080.0 / 10_000.0 * (12_430.0 / 12_080.0) * (11_469.0 / 11_430.0) - 1.0) * 100.0),
        ("mwr", 4.140_674_007_419_32),
        ("mwr_yearly", 255.849_454_456_869_24),
        ("cagr", 25.500_159_452_340_19),
        ("volatility", 6.509_862_183_793_615),
        ("sharpe", 3.524_703_534_371_309_6),
        ("sortino", 7.232_633_218_361_831),
        ("max_drawdown", (12_320.0 / 12_420.0 - 1.0) * 100.0),
        ("calmar", 31.671_198_039_806_516),
        ("var_95", -0.797_962_404_936_145_7),
        ("cvar_95", -0.805_152_979_066_022_5),
        ("best_day", (10_080.0 / 10_020.0 * (12_200.0 / 12_080.0) - 1.0) * 100.0),
        ("worst_day", (12_320.0 / 12_420.0 - 1.0) * 100.0),
        ("trades", 5.0),
        ("win_rate", 200.0 / 3.0),
        ("average_win", 249.5),
        ("average_loss", -50.0),
        ("profit_factor", 9.98),
        ("expectancy", 449.0 / 3.0),
        ("holding_time", 680.0 / 90.0),
        ("turnover", 5_000.0 / (139_779.0 / 12.0) * 100.0),
        ("exposure", 28.015_643_420_341_576),
        ("holding_return", 0.0),
    ] {
        assert_near(figures, name, expected);
    }
    assert_eq!((&figures["twr"]["n"], &figures["twr"]["short"]), (&json!(12), &json!(true)));
    let drawdown = json!({ "peak": "2026-11-07", "trough": "2026-11-08", "recovery": "2026-11-10" });
    assert_eq!(answer["drawdown"], drawdown);
    let gains = |list: &str, name: &str| -> Vec<(String, i64)> {
        let lines = answer[list].as_array().unwrap().iter();
        lines.map(|line| (line[name].as_str().unwrap().to_owned(), cents(&line["gain"]) / 100)).collect()
    };
    assert_eq!(gains("by_ticker", "ticker"), [("V".to_owned(), 499), ("KO".to_owned(), -30)]);
    let sources = [("manual".to_owned(), 499), ("copilot".to_owned(), -50), ("dividends".to_owned(), 20)];
    assert_eq!(gains("by_source", "source"), sources);
    app.stop().await;
}

/// From the close of the 4th to that of the 10th: 11,460 − 12,200 + 1,000 = 260. V: 30 × 62 − 20 × 110 + 580 = 240; KO:
/// 50 × 60 − 3,000 + 20 = 20.
#[tokio::test]
async fn a_part_of_it_begins_with_the_close_before() {
    let app = hand_made().await;
    let answer = app.client.read("/api/performance?range=2026-11-05,2026-11-10").await;
    let amounts = ["opening_value", "net_flows", "gain", "closing_value"].map(|name| cents(&answer[name]) / 100);
    assert_eq!(amounts, [12_200, -1_000, 260, 11_460]);
    let sources: Vec<_> = answer["by_source"].as_array().unwrap().iter().map(|line| cents(&line["gain"])).collect();
    assert_eq!(sources, [24_000, 2_000], "the copilot's shares are worth what they cost");
    let tickers: Vec<_> = answer["by_ticker"].as_array().unwrap().iter().map(|line| cents(&line["gain"])).collect();
    assert_eq!(tickers, [24_000, 2_000]);
    app.stop().await;
}

#[tokio::test]
async fn days_lots_and_flows_are_answered_and_exported_alike() {
    let app = hand_made().await;
    let days = app.client.read(&format!("/api/performance/days?{DOZEN}")).await;
    let days = days["days"].as_array().unwrap();
    let closes: Vec<_> = days.iter().map(|day| cents(&day["close"]) / 100).collect();
    let expected = [10_100, 10_020, 12_200, 12_290, 12_280, 12_420, 12_320, 12_400, 11_460, 11_380, 11_440, 11_469];
    assert_eq!(closes, expected);
    let third = ["open", "low", "high", "close", "flows", "gain"].map(|name| cents(&days[2][name]) / 100);
    assert_eq!(third, [10_020, 10_020, 12_200, 12_200, 2_000, 180]);

    let csv = app.client.get(&format!("/api/exports/days.csv?{DOZEN}")).await.text().await.unwrap();
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 13);
    assert!(
        lines[1].starts_with("2026-11-02,10000.00,10000.00,10100.00,10100.00,0.00,100.00,1.000000,"),
        "{}",
        lines[1]
    );
    assert!(lines[9].starts_with("2026-11-10,12400.00,11430.00,12400.00,11460.00,-1000.00,60.00,"), "{}", lines[9]);

    // 1,000 was paid for V before the split, and 500 of it for the 10 shares that were sold first.
    let lots = app.client.read("/api/lots?method=fifo").await;
    assert_eq!((lots["open"].as_array().unwrap().len(), cents(&lots["realized_gain"])), (0, 44_900));
    let csv = app.client.get("/api/exports/lots.csv?method=fifo&decimal=,").await.text().await.unwrap();
    assert!(csv.contains("fifo;closed;V;10;2026-11-02T10:00:00Z;2026-11-07T10:00:00Z;500,00;580,00;80,00;"), "{csv}");
    assert!(csv.contains(";30;2026-11-02T10:00:00Z;2026-11-13T10:00:00Z;1500,00;1919,00;419,00;"), "{csv}");

    let flows = app.client.read("/api/flows").await;
    let kinds: Vec<_> = flows["flows"].as_array().unwrap().iter().map(|flow| flow["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds, cents(&flows["sum"])), (vec!["withdrawal", "deposit", "opening"], 1_100_000));
    let csv = app.client.get("/api/exports/flows.csv").await.text().await.unwrap();
    assert!(csv.contains("2026-11-10T12:00:00Z,withdrawal,-1000.00,12430.00,6600.00,by hand,flow--1000\r\n"), "{csv}");
    app.stop().await;
}

/// The server did not run from the 14th to the 19th, when only cash was held.
#[tokio::test]
async fn days_without_a_server_are_made_anew() {
    let app = hand_made().await;
    let mut count = 0;
    for _ in 0..100 {
        let days = app.client.read("/api/performance/days?range=all").await;
        count = days["days"].as_array().unwrap().len();
        if count == 19 {
            let closes = days["days"].as_array().unwrap()[12..].iter().map(|day| cents(&day["close"]));
            assert!(closes.into_iter().all(|close| close == 1_146_900));
            app.stop().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{count} days");
}

#[tokio::test]
async fn a_flow_is_recorded_once_and_never_takes_what_is_held() {
    let app = TestApp::start().await;
    let post = async |body: Value| {
        let response = app.client.post("/api/flows", body).await;
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let deposit = json!({ "amount": 2_500.5, "note": "Savings", "client_flow_id": "one" });
    let (status, first) = post(deposit.clone()).await;
    assert_eq!((status, cents(&first["cash_balance"])), (StatusCode::CREATED, 1_250_050));
    let (status, again) = post(deposit).await;
    assert_eq!((status, &again["replayed"], &again["flow"]), (StatusCode::OK, &json!(true), &first["flow"]));
    let (status, other) = post(json!({ "amount": 1, "client_flow_id": "one" })).await;
    assert_eq!((status, &other["code"]), (StatusCode::CONFLICT, &json!("flow_id_reused")));

    // 10 shares at 1,000.00 are held for.
    let order = json!({
        "ticker": "AAPL", "side": "buy", "type": "stop", "quantity": 10, "stop_price": 1_000, "time_in_force": "gtc"
    });
    let limit = json!({
        "ticker": "AAPL", "side": "buy", "type": "limit", "quantity": 100, "limit_price": 50, "time_in_force": "gtc"
    });
    let placed = app.client.post("/api/orders", limit).await.status();
    assert_eq!(placed, StatusCode::CREATED, "{order}");
    let free = cents(&app.client.portfolio().await["buying_power"]);
    assert_eq!(free, 750_050, "100 × 50.00 is held");
    let (status, refused) = post(json!({ "amount": -7_500.51 })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("insufficient_cash")));
    assert_eq!(post(json!({ "amount": -7_500.50 })).await.0, StatusCode::CREATED);
    for wrong in [json!(0), json!(0.001), json!("1"), json!(1e12)] {
        let (status, refused) = post(json!({ "amount": wrong })).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_parameter")));
    }
    assert_eq!(post(json!({})).await.1["code"], json!("missing_field"));

    let performance = app.client.read("/api/performance").await;
    assert_eq!(cents(&performance["gain"]), 0, "flows are no gain");
    assert_eq!(performance["figures"]["twr"]["value"], json!(0.0));
    let reset = app.client.post("/api/portfolio/reset", json!({})).await;
    assert_eq!(reset.status(), StatusCode::OK);
    let flows = app.client.read("/api/flows").await;
    assert_eq!((&flows["total"], cents(&flows["sum"])), (&json!(1), 1_000_000), "a reset begins anew");
    app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let app = TestApp::start().await;
    for (path, code) in [
        ("/api/performance?range=2w", "invalid_parameter"),
        ("/api/performance?range=2026-11-05,2026-11-04", "invalid_parameter"),
        ("/api/performance?benchmark=1", "invalid_ticker"),
        ("/api/performance/days?since=1", "invalid_parameter"),
        ("/api/flows?cursor=x", "invalid_parameter"),
        ("/api/exports/days.csv?decimal=x", "invalid_parameter"),
        ("/api/exports/lots.csv?method=best", "invalid_parameter"),
    ] {
        let response = app.client.get(path).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code, "{path}");
    }
    app.stop().await;
}

#[derive(Debug, Clone)]
enum Step {
    Trade { is_sale: bool, by_copilot: bool, symbol: usize, millionths: i64 },
    Flow(i64),
    Price { symbol: usize, units: i64 },
    NextDay,
    Reset,
}

fn any_step() -> impl Strategy<Value = Step> {
    let trade = (any::<bool>(), any::<bool>(), 0..3_usize, 1..9_000_000_i64)
        .prop_map(|(is_sale, by_copilot, symbol, millionths)| Step::Trade { is_sale, by_copilot, symbol, millionths });
    let price = (0..3_usize, 10_000..3_000_000_i64).prop_map(|(symbol, units)| Step::Price { symbol, units });
    let flow = (-300_000..300_000_i64).prop_map(Step::Flow);
    prop_oneof![12 => trade, 8 => price, 3 => flow, 8 => Just(Step::NextDay), 1 => Just(Step::Reset)]
}

const SYMBOLS: [&str; 3] = ["AAPL", "KO", "V"];

/// Takes the steps, each a minute after the one before.
async fn follow(ledger: &Ledger, steps: &[Step]) -> (UtcInstant, Arc<Tick>) {
    let (mut now, mut units) = (opening().unix_ms(), [1_000_000_i64; 3]);
    let prices = |units: [i64; 3], now: i64| {
        let quote = |(symbol, units): (&&str, i64)| {
            let price = Price::from_units(units).unwrap();
            let at = UtcInstant::from_unix_ms(now);
            Quote {
                ticker: symbol.parse().unwrap(),
                price,
                previous_price: price,
                previous_close: price,
                at,
                is_stale: false,
            }
        };
        Arc::new(Tick::new(1, SYMBOLS.iter().zip(units).map(quote).collect()))
    };
    for (number, step) in steps.iter().enumerate() {
        now += 60_000;
        let at = UtcInstant::from_unix_ms(now);
        match step {
            Step::Price { symbol, units: next } => units[*symbol] = *next,
            Step::NextDay => {
                let close = RecordDay { prices: prices(units, now), at };
                ledger.submit(ACCOUNT, close).await.unwrap();
                now += 86_400_000;
            }
            Step::Reset => ledger.submit(ACCOUNT, Reset { at }).await.unwrap(),
            Step::Flow(cents) => {
                let flow = NewFlow { amount: Money::from_cents(*cents), note: None, client_flow_id: None };
                let (id, prices) = (format!("flow-{number}"), prices(units, now));
                // A refusal is as good as a flow here, and so it is of trades.
                let _ = ledger.submit(ACCOUNT, RecordFlow { flow, id, prices, at }).await;
            }
            Step::Trade { is_sale, by_copilot, symbol, millionths } => {
                let order = PlaceOrder {
                    order: OrderRequest {
                        ticker: SYMBOLS[*symbol].parse().unwrap(),
                        side: if *is_sale { Side::Sell } else { Side::Buy },
                        quantity: Quantity::from_millionths(*millionths).unwrap(),
                        client_order_id: None,
                        expected_price: None,
                        max_slippage_percent: None,
                    },
                    source: if *by_copilot { OrderSource::Copilot } else { OrderSource::Manual },
                    prices: prices(units, now),
                    rules: FillRules::default(),
                    trade_id: format!("trade-{number}"),
                    executed_at: at,
                };
                let _ = ledger.submit(ACCOUNT, order).await;
            }
        }
        assert!(ledger.books(ACCOUNT).account.is_balanced());
    }
    (UtcInstant::from_unix_ms(now + 1), prices(units, now + 1))
}

fn assert_adds_up(performance: &Performance) {
    let Performance { opening_value, net_flows, gain, closing_value, .. } = performance;
    assert_eq!(opening_value.cents() + net_flows.cents() + gain.cents(), closing_value.cents());
    assert_eq!(performance.by_ticker.iter().map(|line| line.gain.cents()).sum::<i64>(), gain.cents());
    assert_eq!(performance.by_source.iter().map(|line| line.gain.cents()).sum::<i64>(), gain.cents());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any account, in every range: values, flows and gains add up to the cent, so do contributions, and the returns of two
    /// parts compound to that of the whole.
    #[test]
    fn every_range_adds_up(steps in prop::collection::vec(any_step(), 1..120), cut in 0..20_i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (ledger, _ended) = Ledger::in_memory(opening, Hours::Continuous, CancellationToken::new()).unwrap();
            let (at, prices) = follow(&ledger, &steps).await;
            let history = ledger.history(ACCOUNT, &prices, at).await.unwrap();
            let question = |range| Question {
                range,
                benchmark: "SPY".parse().unwrap(),
                today: ExchangeDate::from_days(at.unix_ms().div_euclid(86_400_000)),
                periods_a_year: 68.25,
                at,
            };
            let of = |range| evaluate(&question(range), &history, &Closes::default());
            let all = of(Range::All);
            assert_adds_up(&all.performance);
            let first = ExchangeDate::from_days(opening().unix_ms().div_euclid(86_400_000));
            let (middle, next) = (first.days() + cut, first.days() + cut + 1);
            let date = ExchangeDate::from_days;
            let before = of(Range::Dates { from: first, to: date(middle) });
            let after = of(Range::Dates { from: date(next), to: date(first.days() + 400) });
            for part in [&before, &after] {
                assert_adds_up(&part.performance);
                for day in &part.days {
                    assert_eq!(day.open.cents() + day.flows.cents() + day.gain.cents(), day.close.cents());
                    assert!(day.low <= day.open.min(day.close) && day.high >= day.open.max(day.close));
                }
            }
            assert_eq!(before.days.len() + after.days.len(), all.days.len());
            let twr = |view: &finally::domain::performance::report::PerformanceView| {
                view.performance.figures[&FigureName::Twr].value.unwrap_or_default() / 100.0
            };
            let parts = (1.0 + twr(&before)) * (1.0 + twr(&after)) - 1.0;
            if all.performance.figures[&FigureName::Twr].value.is_some() {
                assert!((parts - twr(&all)).abs() < 1e-9);
            }
        });
    }
}
