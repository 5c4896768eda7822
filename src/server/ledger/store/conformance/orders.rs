//! Open and ended orders.

use super::{Bench, MAIN, after_noon, market, order, price, ticker};
use crate::{
    domain::{
        order::Side,
        orders::{
            accept::DayEnd,
            book::TrailMark,
            id::OrderId,
            replace::ReplaceOrder,
            request::{NewOrder, StopLoss, TakeProfit},
            rules::{FillRules, Moment, Step},
            settle::Fired,
            span::Span,
            terms::{OrderClass, OrderType, TimeInForce},
        },
        session::SessionKind,
    },
    error::ApiError,
    server::ledger::{
        Reset,
        orders::{
            CancelOrder, CancelOrders, ChangeOrder, ExpireOrders, FiredGroup, MatchTick, OrderMarket, SaveTrailMarks,
            SubmitOrder,
        },
    },
};

fn at(seconds: i64) -> OrderMarket {
    OrderMarket {
        prices: market(&[("AAPL", 1_000_000), ("V", 500_000)]),
        at: after_noon(seconds),
        rules: FillRules::default(),
    }
}

fn day_end() -> DayEnd {
    DayEnd { regular: after_noon(3_600), extended: after_noon(3_600) }
}

fn limit(side: Side, shares: &str, units: i64) -> NewOrder {
    let order = NewOrder::simple(ticker("AAPL"), side, OrderType::Limit, shares.parse().unwrap());
    NewOrder { limit_price: Some(price(units)), ..order }
}

fn submit(request: NewOrder, number: u128, seconds: i64) -> SubmitOrder {
    SubmitOrder {
        tick: SubmitOrder::span(price(1_000_000), Some(SessionKind::Continuous)),
        request,
        market: at(seconds),
        day_end: day_end(),
        is_open: true,
        source: crate::domain::order::OrderSource::Manual,
        ids: [0, 1, 2].map(|leg| OrderId::from_u128(number * 16 + leg)),
        trade_id: format!("fill-{number}"),
    }
}

/// An order for 2 V, placed so many seconds after noon.
pub fn waiting_for_v(number: u128, seconds: i64) -> SubmitOrder {
    let order = NewOrder::simple(ticker("V"), Side::Buy, OrderType::Limit, "2".parse().unwrap());
    let request = NewOrder { limit_price: Some(price(400_000)), time_in_force: TimeInForce::Gtc, ..order };
    SubmitOrder {
        tick: SubmitOrder::span(price(500_000), Some(SessionKind::Continuous)),
        ..submit(request, number, seconds)
    }
}

fn id(number: u128) -> OrderId {
    OrderId::from_u128(number * 16)
}

fn fire(number: u128, (order, revision): (OrderId, u32), units: i64, seconds: i64) -> MatchTick {
    let span = Span::tick(price(units), None, false, SessionKind::Continuous);
    let step = Step::Fill { price: price(units), moment: Moment::First };
    let trade_id = format!("trade-{number}-{seconds}");
    let fired =
        vec![FiredGroup { leader: id(number), span, fired: vec![(Fired { id: order, step }, revision)], trade_id }];
    MatchTick { fired, market: at(seconds), tick: 7 }
}

fn holds_add_up(bench: &Bench) {
    let books = &bench.books[&MAIN];
    let orders = books.orders.groups().flat_map(|listed| listed.group.orders());
    assert_eq!(crate::domain::orders::hold::Holds::of(orders).as_ref(), Some(books.orders.holds()));
    assert!(books.account.is_balanced());
}

pub fn wait_change_and_fill(bench: &mut Bench) {
    let named = NewOrder { client_order_id: Some("mine".parse().unwrap()), ..limit(Side::Buy, "10", 900_000) };
    bench.submit(MAIN, submit(named.clone(), 1, 1)).unwrap();
    let again = bench.submit(MAIN, submit(named.clone(), 2, 2)).unwrap();
    assert!(again.contains("replayed: true"), "{again}");
    let other = NewOrder { quantity: Some("9".parse().unwrap()), ..named };
    let reused = Err(ApiError::OrderIdReused { client_order_id: "mine".to_owned() });
    assert_eq!(bench.submit(MAIN, submit(other, 2, 2)), reused);
    assert_eq!(bench.submit(MAIN, order(Side::Buy, "AAPL", "1", "mine", after_noon(2))), reused, "one name space");
    assert_eq!(bench.books[&MAIN].orders.holds().cash.cents(), 90_000);

    let change = |request| ChangeOrder {
        id: id(1),
        request,
        market: at(3),
        day_end: day_end(),
        last: price(1_000_000),
        mark: None,
    };
    let dearer = ReplaceOrder { limit_price: Some(price(950_000)), if_revision: Some(1), ..ReplaceOrder::default() };
    bench.submit(MAIN, change(dearer.clone())).unwrap();
    let late = bench.submit(MAIN, change(dearer));
    assert!(matches!(late, Err(ApiError::RevisionConflict { .. })), "{late:?}");
    holds_add_up(bench);
    // Held cash is not available for a trade.
    let too_much = bench.submit(MAIN, order(Side::Buy, "V", "95", "v", after_noon(4)));
    let words = too_much.unwrap_err().to_string();
    assert!(words.ends_with("you have $10,000.00, of which $950.00 is held for open orders."), "{words}");

    bench.submit(MAIN, fire(1, (id(1), 1), 950_000, 5)).unwrap();
    assert_eq!(bench.books[&MAIN].orders.len(), 1, "it was changed since it was looked at");
    bench.submit(MAIN, fire(1, (id(1), 2), 950_000, 5)).unwrap();
    let books = &bench.books[&MAIN];
    assert_eq!((books.orders.len(), books.account.cash.cents()), (0, 905_000));
    bench.submit(MAIN, fire(1, (id(1), 2), 950_000, 6)).unwrap();
    assert_eq!(bench.books[&MAIN].account.cash.cents(), 905_000, "it is filled once");
    let cancel = CancelOrder { id: id(1), if_revision: None, market: at(7) };
    assert!(matches!(bench.submit(MAIN, cancel), Err(ApiError::TooLate { .. })));
    let unknown = CancelOrder { id: id(9), if_revision: None, market: at(7) };
    assert_eq!(bench.submit(MAIN, unknown), Err(ApiError::UnknownOrder));
    holds_add_up(bench);
}

pub fn bracket(bench: &mut Bench) {
    let market_order = NewOrder::simple(ticker("AAPL"), Side::Buy, OrderType::Market, "5".parse().unwrap());
    let request = NewOrder {
        class: OrderClass::Bracket,
        time_in_force: TimeInForce::Gtc,
        take_profit: Some(TakeProfit { limit_price: price(1_200_000) }),
        stop_loss: Some(StopLoss { stop_price: Some(price(900_000)), ..StopLoss::default() }),
        ..market_order
    };
    bench.submit(MAIN, submit(request, 3, 1)).unwrap();
    let books = &bench.books[&MAIN];
    assert_eq!((books.orders.len(), books.account.holdings.len()), (2, 1), "it is filled, and its legs are armed");
    assert_eq!(books.orders.holds().shares[&ticker("AAPL")], "5".parse().unwrap(), "a pair holds once");
    let sale = bench.submit(MAIN, order(Side::Sell, "AAPL", "1", "s", after_noon(2)));
    let words = sale.unwrap_err().to_string();
    assert!(words.ends_with("you hold 5, of which 5 are held for open orders."), "{words}");
    holds_add_up(bench);
    let stop = OrderId::from_u128(3 * 16 + 2);
    bench.submit(MAIN, fire(3, (stop, 2), 850_000, 3)).unwrap();
    let books = &bench.books[&MAIN];
    assert!(books.orders.is_empty() && books.account.holdings.is_empty(), "the stop sold, and its other leg ended");
    holds_add_up(bench);
}

pub fn end_them(bench: &mut Bench) {
    for number in 1..=4 {
        bench.submit(MAIN, submit(limit(Side::Buy, "1", 900_000), number, 1)).unwrap();
    }
    let of_v = CancelOrders { ticker: Some(ticker("V")), market: at(2) };
    bench.submit(MAIN, of_v).unwrap();
    bench.submit(MAIN, CancelOrder { id: id(1), if_revision: Some(1), market: at(2) }).unwrap();
    bench.submit(MAIN, ExpireOrders { leaders: vec![id(2)], market: at(10) }).unwrap();
    assert_eq!(bench.books[&MAIN].orders.len(), 3, "it is not due");
    bench.submit(MAIN, ExpireOrders { leaders: vec![id(2)], market: at(3_600) }).unwrap();
    assert_eq!(bench.books[&MAIN].orders.len(), 2);
    holds_add_up(bench);
    bench.submit(MAIN, Reset { at: after_noon(20) }).unwrap();
    assert!(bench.books[&MAIN].orders.is_empty(), "a reset cancels them");
    holds_add_up(bench);
    let mark = |units, since| TrailMark {
        ticker: ticker("V"),
        side: Side::Sell,
        since: after_noon(since),
        mark: price(units),
    };
    for marks in [vec![mark(5, 2), mark(7, 1)], Vec::new(), vec![mark(9, 3)]] {
        bench.submit(MAIN, SaveTrailMarks { saved_at: after_noon(9), marks }).unwrap();
    }
}
