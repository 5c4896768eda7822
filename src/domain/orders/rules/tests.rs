use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::orders::terms::Trail;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn resting(side: Side, terms: Terms) -> Resting {
    Resting { side, terms, mark: None, is_elected: false, extended_hours: false }
}

fn limit(text: &str) -> Terms {
    Terms::Limit { limit: price(text) }
}

fn stop(text: &str) -> Terms {
    Terms::Stop { stop: price(text) }
}

fn stop_limit(stop: &str, limit: &str) -> Terms {
    Terms::StopLimit { stop: price(stop), limit: price(limit) }
}

fn trailing(side: Side, mark: &str, amount: &str) -> Resting {
    let terms = Terms::TrailingStop { trail: Trail::Amount(price(amount)) };
    Resting { mark: Some(price(mark)), ..resting(side, terms) }
}

fn tick(text: &str) -> Span {
    Span::tick(price(text), None, false, SessionKind::Regular)
}

fn gap(text: &str) -> Span {
    Span { is_gap: true, ..tick(text) }
}

/// Arguments: open, low, high and close.
fn bar(prices: [&str; 4]) -> Span {
    let [first, low, high, last] = prices.map(price);
    Span { first, low, high, last, volume: Some(1_000), is_gap: true, session: SessionKind::Regular }
}

fn rules(model: FillModel, bps: u32) -> FillRules {
    FillRules { model, slippage: SlippageBps::new(bps).unwrap(), ..FillRules::default() }
}

const PLAIN: FillModel = FillModel::Plain;
const STRICT: FillModel = FillModel::Strict;

/// `first 99.00`, `inside 98.00`, `elected first`, or `rests`.
fn told(step: Step) -> String {
    let moment = |moment: Moment| if moment == Moment::First { "first" } else { "inside" };
    match step {
        Step::Rest => "rests".to_owned(),
        Step::Elect(at) => format!("elected {}", moment(at)),
        Step::Fill { price, moment: at } => format!("{} {price}", moment(at)),
    }
}

#[rstest]
#[case::market(Side::Buy, Terms::Market, tick("100"), PLAIN, "first 100.00")]
#[case::buy_limit_above(Side::Buy, limit("100"), tick("100.01"), PLAIN, "rests")]
#[case::buy_limit_touched(Side::Buy, limit("100"), tick("100"), PLAIN, "first 100.00")]
#[case::buy_limit_touched_strict(Side::Buy, limit("100"), tick("100"), STRICT, "rests")]
#[case::buy_limit_through(Side::Buy, limit("100"), tick("99"), PLAIN, "first 100.00")]
#[case::buy_limit_through_strict(Side::Buy, limit("100"), tick("99.99"), STRICT, "first 100.00")]
#[case::buy_limit_over_a_gap(Side::Buy, limit("100"), gap("99"), PLAIN, "first 99.00")]
#[case::sell_limit_below(Side::Sell, limit("100"), tick("99.99"), PLAIN, "rests")]
#[case::sell_limit_touched(Side::Sell, limit("100"), tick("100"), PLAIN, "first 100.00")]
#[case::sell_limit_touched_strict(Side::Sell, limit("100"), tick("100"), STRICT, "rests")]
#[case::sell_limit_through(Side::Sell, limit("100"), tick("101"), PLAIN, "first 100.00")]
#[case::sell_limit_over_a_gap(Side::Sell, limit("100"), gap("101"), PLAIN, "first 101.00")]
#[case::sell_stop_above(Side::Sell, stop("100"), tick("100.01"), PLAIN, "rests")]
#[case::sell_stop_touched(Side::Sell, stop("100"), tick("100"), PLAIN, "first 100.00")]
#[case::sell_stop_through(Side::Sell, stop("100"), tick("90"), PLAIN, "first 90.00")]
#[case::sell_stop_over_a_gap(Side::Sell, stop("100"), gap("90"), STRICT, "first 90.00")]
#[case::buy_stop_below(Side::Buy, stop("100"), tick("99.99"), PLAIN, "rests")]
#[case::buy_stop_touched(Side::Buy, stop("100"), tick("100"), PLAIN, "first 100.00")]
#[case::buy_stop_through(Side::Buy, stop("100"), tick("110"), PLAIN, "first 110.00")]
#[case::stop_limit_within(Side::Sell, stop_limit("100", "95"), tick("97"), PLAIN, "first 97.00")]
#[case::stop_limit_beyond(Side::Sell, stop_limit("100", "95"), tick("94"), PLAIN, "elected first")]
#[case::stop_limit_not_reached(Side::Sell, stop_limit("100", "95"), tick("101"), PLAIN, "rests")]
#[case::buy_stop_limit_within(Side::Buy, stop_limit("100", "105"), tick("103"), PLAIN, "first 103.00")]
#[case::buy_stop_limit_beyond(Side::Buy, stop_limit("100", "105"), tick("106"), PLAIN, "elected first")]
#[case::stop_limit_at_its_limit_strict(Side::Sell, stop_limit("100", "95"), tick("95"), STRICT, "elected first")]
fn a_tick_fires_an_order(
    #[case] side: Side,
    #[case] terms: Terms,
    #[case] span: Span,
    #[case] model: FillModel,
    #[case] expected: &str,
) {
    assert_eq!(told(resting(side, terms).step(&span, &rules(model, 0), false)), expected);
}

#[rstest]
#[case::buy(Side::Buy, limit("100"), tick("98"), "first 98.00")]
#[case::sell(Side::Sell, limit("100"), tick("102"), "first 102.00")]
#[case::not_any_more(Side::Buy, limit("100"), tick("101"), "rests")]
fn a_limit_that_was_marketable_gets_the_better_price(
    #[case] side: Side,
    #[case] terms: Terms,
    #[case] span: Span,
    #[case] expected: &str,
) {
    assert_eq!(told(resting(side, terms).step(&span, &rules(PLAIN, 0), true)), expected);
}

#[rstest]
#[case::sell_rests(trailing(Side::Sell, "100", "2"), tick("98.01"), "rests")]
#[case::sell_fires(trailing(Side::Sell, "100", "2"), tick("98"), "first 98.00")]
#[case::sell_fires_over_a_gap(trailing(Side::Sell, "100", "2"), gap("90"), "first 90.00")]
#[case::sell_rises(trailing(Side::Sell, "100", "2"), tick("110"), "rests")]
#[case::buy_rests(trailing(Side::Buy, "100", "2"), tick("101.99"), "rests")]
#[case::buy_fires(trailing(Side::Buy, "100", "2"), tick("102"), "first 102.00")]
#[case::buy_falls(trailing(Side::Buy, "100", "2"), tick("90"), "rests")]
fn a_tick_fires_a_trailing_stop(#[case] order: Resting, #[case] span: Span, #[case] expected: &str) {
    assert_eq!(told(order.step(&span, &rules(PLAIN, 0), false)), expected);
}

#[rstest]
#[case::sell_rises(trailing(Side::Sell, "100", "2"), "110", "110")]
#[case::sell_stays(trailing(Side::Sell, "100", "2"), "99", "100")]
#[case::buy_falls(trailing(Side::Buy, "100", "2"), "90", "90")]
#[case::buy_stays(trailing(Side::Buy, "100", "2"), "101", "100")]
fn a_mark_follows_the_better_price(#[case] order: Resting, #[case] at: &str, #[case] mark: &str) {
    assert_eq!(order.mark_after(&tick(at)), Some(price(mark)));
}

#[rstest]
// Open, low, high, close.
#[case::market_at_the_open(resting(Side::Buy, Terms::Market), ["100", "99", "103", "102"], "first 100.00")]
#[case::limit_at_the_open(resting(Side::Buy, limit("101")), ["100", "99", "103", "102"], "first 100.00")]
#[case::limit_inside(resting(Side::Buy, limit("99.5")), ["100", "99", "103", "102"], "inside 99.50")]
#[case::limit_missed(resting(Side::Buy, limit("98.99")), ["100", "99", "103", "102"], "rests")]
#[case::sell_limit_inside(resting(Side::Sell, limit("103")), ["100", "99", "103", "102"], "inside 103.00")]
#[case::stop_at_the_open(resting(Side::Sell, stop("101")), ["100", "99", "103", "102"], "first 100.00")]
#[case::stop_inside(resting(Side::Sell, stop("99.5")), ["100", "99", "103", "102"], "inside 99.50")]
#[case::stop_touched(resting(Side::Sell, stop("99")), ["100", "99", "103", "102"], "inside 99.00")]
#[case::buy_stop_inside(resting(Side::Buy, stop("102.5")), ["100", "99", "103", "102"], "inside 102.50")]
#[case::stop_limit_at_the_open(resting(Side::Sell, stop_limit("101", "99.5")), ["100", "99", "103", "102"], "first 100.00")]
#[case::stop_limit_recovers(resting(Side::Sell, stop_limit("101", "102.5")), ["100", "99", "103", "100"], "inside 102.50")]
#[case::stop_limit_gapped(resting(Side::Sell, stop_limit("101", "100.5")), ["99", "98", "100", "98"], "elected first")]
#[case::stop_limit_inside(resting(Side::Sell, stop_limit("99.5", "99")), ["100", "99", "103", "102"], "inside 99.50")]
#[case::stop_limit_above_its_stop(resting(Side::Sell, stop_limit("99.5", "101")), ["100", "99", "103", "102"], "inside 101.00")]
#[case::stop_limit_waits(resting(Side::Sell, stop_limit("99.5", "102.5")), ["100", "99", "103", "102"], "elected inside")]
// The old stop is tested against the low before the high raises it.
#[case::trailing_low_first(trailing(Side::Sell, "101", "2"), ["100", "99", "110", "109"], "inside 99.00")]
#[case::trailing_at_the_open(trailing(Side::Sell, "103", "2"), ["100", "99", "110", "109"], "first 100.00")]
#[case::trailing_rises(trailing(Side::Sell, "100", "2"), ["100", "99", "110", "109"], "rests")]
#[case::trailing_after_the_open_rose(trailing(Side::Sell, "100", "2"), ["105", "102", "110", "109"], "inside 103.00")]
#[case::trailing_falls_from_the_high(trailing(Side::Sell, "100", "2"), ["100", "99", "110", "107"], "inside 108.00")]
#[case::trailing_buy(trailing(Side::Buy, "100", "2"), ["100", "95", "101", "96"], "rests")]
#[case::trailing_buy_rises_from_the_low(trailing(Side::Buy, "100", "2"), ["100", "95", "101", "98"], "inside 97.00")]
fn a_bar_fires_an_order(#[case] order: Resting, #[case] prices: [&str; 4], #[case] expected: &str) {
    assert_eq!(told(order.step(&bar(prices), &rules(PLAIN, 0), false)), expected);
}

#[rstest]
#[case::market(resting(Side::Buy, Terms::Market), tick("100"), "first 100.10")]
#[case::market_sell(resting(Side::Sell, Terms::Market), tick("100"), "first 99.90")]
#[case::stop(resting(Side::Sell, stop("101")), tick("100"), "first 99.90")]
#[case::stop_inside(resting(Side::Sell, stop("100")), bar(["101", "99", "102", "101"]), "inside 99.90")]
#[case::trailing(trailing(Side::Sell, "102", "2"), tick("100"), "first 99.90")]
#[case::limit(resting(Side::Buy, limit("100")), tick("100"), "first 100.00")]
#[case::stop_limit(resting(Side::Sell, stop_limit("101", "99")), tick("100"), "first 100.00")]
fn slippage_is_for_what_trades_at_the_market(#[case] order: Resting, #[case] span: Span, #[case] expected: &str) {
    assert_eq!(told(order.step(&span, &rules(PLAIN, 10), false)), expected);
}

#[rstest]
#[case::stop(stop("101"), "first 103.00")]
#[case::stop_limit(stop_limit("101", "100"), "first 100.00")]
#[case::trailing(Terms::TrailingStop { trail: Trail::Amount(price("1")) }, "first 103.00")]
fn what_was_elected_waits_for_no_stop(#[case] terms: Terms, #[case] expected: &str) {
    let order = Resting { is_elected: true, mark: Some(price("200")), ..resting(Side::Sell, terms) };
    assert_eq!(told(order.step(&tick("103"), &rules(PLAIN, 0), false)), expected);
}

#[rstest]
#[case::pre(SessionKind::Pre)]
#[case::post(SessionKind::Post)]
fn nothing_but_an_extended_limit_fills_outside_the_session(#[case] session: SessionKind) {
    let span = Span { session, ..tick("90") };
    let sell_stop = resting(Side::Sell, stop("100"));
    for order in [
        resting(Side::Buy, Terms::Market),
        resting(Side::Buy, limit("100")),
        sell_stop,
        trailing(Side::Sell, "100", "2"),
    ] {
        assert_eq!(order.step(&span, &rules(PLAIN, 0), false), Step::Rest);
        assert_eq!(order.mark_after(&Span { session, ..tick("190") }), order.mark, "no mark moves");
    }
    let extended = Resting { extended_hours: true, ..resting(Side::Buy, limit("100")) };
    assert_ne!(extended.step(&span, &rules(PLAIN, 0), false), Step::Rest);
}

fn any_resting() -> impl Strategy<Value = Resting> {
    let price = || (50_i64..150).prop_map(|cents| Price::from_units(cents * 100).unwrap());
    let trail = prop_oneof![
        (1_i64..30).prop_map(|cents| Trail::Amount(Price::from_units(cents * 100).unwrap())),
        (1_i64..400_000)
            .prop_map(|count| Trail::Percent(crate::domain::money::TrailPercent::from_count(count).unwrap())),
    ];
    let terms = prop_oneof![
        Just(Terms::Market),
        price().prop_map(|limit| Terms::Limit { limit }),
        price().prop_map(|stop| Terms::Stop { stop }),
        (price(), price()).prop_map(|(stop, limit)| Terms::StopLimit { stop, limit }),
        trail.prop_map(|trail| Terms::TrailingStop { trail }),
    ];
    (prop_oneof![Just(Side::Buy), Just(Side::Sell)], terms, price()).prop_map(|(side, terms, mark)| Resting {
        side,
        terms,
        mark: terms.trail().map(|_| mark),
        is_elected: false,
        extended_hours: false,
    })
}

fn any_span() -> impl Strategy<Value = Span> {
    let prices = prop::collection::vec(50_i64..150, 1..6);
    (prices, any::<bool>()).prop_map(|(cents, is_gap)| {
        let ticks = cents
            .iter()
            .map(|cents| Span::tick(Price::from_units(cents * 100).unwrap(), None, is_gap, SessionKind::Regular));
        ticks.reduce(|span, tick| span.followed_by(&tick).unwrap()).unwrap()
    })
}

/// Whether the span reached a price at which the order must act.
fn is_touched(order: Resting, span: &Span) -> bool {
    match (order.terms, order.side) {
        (Terms::Market, _) => true,
        (Terms::Limit { limit }, Side::Buy) => span.low <= limit,
        (Terms::Limit { limit }, Side::Sell) => span.high >= limit,
        (Terms::Stop { stop } | Terms::StopLimit { stop, .. }, Side::Sell) => span.low <= stop,
        (Terms::Stop { stop } | Terms::StopLimit { stop, .. }, Side::Buy) => span.high >= stop,
        // At least the initial stop.
        (Terms::TrailingStop { trail }, Side::Sell) => {
            trail.stop(Side::Sell, order.mark.unwrap()).is_some_and(|stop| span.low <= stop)
        }
        (Terms::TrailingStop { trail }, Side::Buy) => {
            trail.stop(Side::Buy, order.mark.unwrap()).is_some_and(|stop| span.high >= stop)
        }
    }
}

proptest! {
    #[test]
    fn never_a_fill_outside_the_range(order in any_resting(), span in any_span(), before in 50_i64..150, is_strict in any::<bool>()) {
        let rules = rules(if is_strict { STRICT } else { PLAIN }, 0);
        let before = Span::tick(Price::from_units(before * 100).unwrap(), None, false, SessionKind::Regular);
        let waits = order.step(&before, &rules, false) == Step::Rest;
        let order = Resting { mark: order.mark_after(&before), ..order };
        if let (true, Step::Fill { price, .. }) = (waits, order.step(&span, &rules, false)) {
            // A tick's range extends from the previous one.
            let has_passed = (before.last.min(span.low)..=before.last.max(span.high)).contains(&price);
            prop_assert!(if span.is_gap { span.includes(price) } else { has_passed }, "{price} {span:?}");
        }
    }

    #[test]
    fn never_better_than_the_limit_without_a_gap(order in any_resting(), span in any_span()) {
        let Terms::Limit { limit } = order.terms else { return Ok(()) };
        if let Step::Fill { price, .. } = order.step(&span, &rules(PLAIN, 0), false) {
            let is_worse = match order.side {
                Side::Buy => price > limit,
                Side::Sell => price < limit,
            };
            prop_assert!(!is_worse);
            prop_assert!(span.is_gap || price == limit);
        }
    }

    #[test]
    fn never_at_the_stop_price_over_a_gap(order in any_resting(), first in 50_i64..150) {
        let Terms::Stop { stop } = order.terms else { return Ok(()) };
        let span = Span { is_gap: true, ..Span::tick(Price::from_units(first * 100).unwrap(), None, true, SessionKind::Regular) };
        if let Step::Fill { price, .. } = order.step(&span, &rules(PLAIN, 0), false) {
            prop_assert_eq!(price, span.first);
            prop_assert!(price != stop || span.first == stop);
        }
    }

    #[test]
    fn never_a_touched_stop_that_does_not_fire(order in any_resting(), span in any_span(), is_strict in any::<bool>()) {
        let rules = rules(if is_strict { STRICT } else { PLAIN }, 0);
        let step = order.step(&span, &rules, false);
        if order.terms.is_stop() && is_touched(order, &span) {
            prop_assert_ne!(step, Step::Rest);
        }
        if !is_strict && !matches!(order.terms, Terms::StopLimit { .. }) && is_touched(order, &span) {
            let fills = matches!(step, Step::Fill { .. });
            prop_assert!(fills);
        }
    }

    #[test]
    fn never_while_the_session_is_closed(order in any_resting(), span in any_span()) {
        let span = Span { session: SessionKind::Post, ..span };
        prop_assert_eq!(order.step(&span, &rules(PLAIN, 0), true), Step::Rest);
    }

    #[test]
    fn never_a_trailing_stop_that_rises_on_the_tick_that_fires_it(order in any_resting(), cents in 50_i64..150) {
        let (Terms::TrailingStop { trail }, Some(mark)) = (order.terms, order.mark) else { return Ok(()) };
        let tick = Span::tick(Price::from_units(cents * 100).unwrap(), None, false, SessionKind::Regular);
        let is_due = trail.stop(order.side, mark).is_some_and(|stop| match order.side {
            Side::Sell => tick.first <= stop,
            Side::Buy => tick.first >= stop,
        });
        prop_assert_eq!(matches!(order.step(&tick, &rules(PLAIN, 0), false), Step::Fill { .. }), is_due);
    }

    #[test]
    fn ticks_one_by_one_fire_what_they_fire_folded(order in any_resting(), cents in prop::collection::vec(50_i64..150, 1..6)) {
        let rules = rules(PLAIN, 0);
        let ticks: Vec<Span> =
            cents.iter().map(|cents| Span::tick(Price::from_units(cents * 100).unwrap(), None, false, SessionKind::Regular)).collect();
        let folded = ticks.iter().copied().reduce(|span, tick| span.followed_by(&tick).unwrap()).unwrap();
        let mut one_by_one = order;
        let mut has_fired = false;
        for tick in &ticks {
            has_fired |= one_by_one.step(tick, &rules, false) != Step::Rest;
            one_by_one.mark = one_by_one.mark_after(tick);
        }
        let fires_folded = order.step(&folded, &rules, false) != Step::Rest;
        // A fold loses the order of low and high, so it may spare a trailing stop that rose and fell inside.
        prop_assert!(has_fired || !fires_folded);
        if order.terms.trail().is_none() {
            prop_assert_eq!(has_fired, fires_folded);
        }
    }
}
