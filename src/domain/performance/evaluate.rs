//! From an account's history to the answers on its performance.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Figure, Missing,
    contribution::{by_source, by_ticker},
    day::{AccountDay, Counts, Valued},
    drawdown, figures,
    history::{Closes, History},
    names::{FigureName, Unit},
    range::Range,
    rate::{DatedAmount, money_weighted, over},
    report::{DayLine, DrawdownDates, FigureView, Performance, PerformanceView},
    sales::{Sales, sales},
};
use crate::domain::{
    corporate_action::ExchangeDate,
    instant::UtcInstant,
    money::Money,
    order::{Side, Trade},
    ticker::Ticker,
};

const DAY_MS: f64 = 86_400_000.0;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub range: Range,
    pub benchmark: Ticker,
    /// The market's present date.
    pub today: ExchangeDate,
    pub periods_a_year: f64,
    pub at: UtcInstant,
}

impl Question {
    /// What was held before the first day of the range.
    pub fn held_at_start(&self, history: &History) -> BTreeSet<Ticker> {
        let (from, _) = self.range.dates(self.today);
        let before = history.days.iter().rev().find(|day| from.is_some_and(|from| day.date < from));
        before.into_iter().flat_map(|day| day.last.positions.iter().map(|held| held.ticker)).collect()
    }
}

/// The days of a range, with what was before them.
pub(super) struct Span<'a> {
    pub history: &'a History,
    /// The close before the first day, or the opening.
    pub base: Valued,
    /// Date of that close.
    pub base_date: ExchangeDate,
    pub days: &'a [AccountDay],
}

impl<'a> Span<'a> {
    /// `None` if no day is in the range.
    fn of(history: &'a History, range: Range, today: ExchangeDate) -> Option<Self> {
        let (from, to) = range.dates(today);
        let first = history.days.partition_point(|day| from.is_some_and(|from| day.date < from));
        let end = history.days.partition_point(|day| day.date <= to);
        let days = history.days.get(first..end).filter(|days| !days.is_empty())?;
        let (base, base_date) = match first.checked_sub(1).map(|index| &history.days[index]) {
            Some(before) => (before.last.clone(), before.date),
            None => (opening(history), ExchangeDate::from_days(days[0].date.days() - 1)),
        };
        Some(Self { history, base, base_date, days })
    }

    pub fn last(&self) -> &Valued {
        // Invariant: there is a day.
        self.days.last().map_or(&self.base, |day| &day.last)
    }

    /// The trades of the span.
    pub fn trades(&self) -> &'a [Trade] {
        part(&self.history.trades, self.base.counts.trades, self.last().counts.trades)
    }

    /// The trades before its end.
    pub fn trades_until(&self, counts: Counts) -> &'a [Trade] {
        part(&self.history.trades, 0, counts.trades)
    }

    /// Each day with the value and the counts before it.
    fn steps(&self) -> impl Iterator<Item = (&Valued, &AccountDay)> {
        let before = std::iter::once(&self.base).chain(self.days.iter().map(|day| &day.last));
        before.zip(self.days)
    }
}

/// Items from one count to another.
pub(super) fn part<T>(items: &[T], from: u64, until: u64) -> &[T] {
    let index = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).min(items.len());
    items.get(index(from)..index(until)).unwrap_or_default()
}

/// The account as it was opened.
fn opening(history: &History) -> Valued {
    let (positions, counts) = (Vec::new(), Counts::default());
    Valued { cash: history.opening, positions, counts, at: history.opened_at }
}

pub(super) fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    Money::from_cents(amounts.fold(0, |sum: i64, amount| sum.saturating_add(amount.cents())))
}

pub(super) fn less(amount: Money, other: Money) -> Money {
    Money::from_cents(amount.cents().saturating_sub(other.cents()))
}

/// A part of a value in percent, not rounded; `None` of a value that is not above 0.
fn percent(part: Money, of: Money) -> Option<f64> {
    (of > Money::ZERO).then(|| part.cents() as f64 / of.cents() as f64 * 100.0)
}

/// All answers.
pub fn evaluate(question: &Question, history: &History, closes: &Closes) -> PerformanceView {
    let at = question.at;
    match Span::of(history, question.range, question.today) {
        None => PerformanceView { performance: nothing(question, history), days: Vec::new(), at },
        Some(span) => {
            let days = lines(question, &span, closes);
            PerformanceView { performance: performance(question, &span, &days), days, at }
        }
    }
}

/// Without a day.
fn nothing(question: &Question, history: &History) -> Performance {
    let (from, to) = question.range.dates(question.today);
    let before = history.days.iter().rev().find(|day| day.date <= to && from.is_none_or(|from| day.date < from));
    let value = before.map_or(history.opening, AccountDay::close);
    let missing = FigureView::new(Err(Missing::NotEnoughData), 0);
    Performance {
        range: question.range.to_string(),
        from: None,
        to: None,
        days: 0,
        periods_a_year: question.periods_a_year,
        benchmark: question.benchmark,
        opening_value: value,
        closing_value: value,
        deposits: Money::ZERO,
        withdrawals: Money::ZERO,
        net_flows: Money::ZERO,
        gain: Money::ZERO,
        fees: Money::ZERO,
        dividends: Money::ZERO,
        bought: Money::ZERO,
        sold: Money::ZERO,
        figures: FigureName::ALL.into_iter().map(|name| (name, missing)).collect(),
        drawdown: None,
        by_ticker: Vec::new(),
        by_source: Vec::new(),
    }
}

/// The days of a span.
fn lines(question: &Question, span: &Span<'_>, closes: &Closes) -> Vec<DayLine> {
    let mut before_date = span.base_date;
    let mut held_before = holding(span, closes, span.base_date);
    let line = |(before, day): (&Valued, &AccountDay)| {
        let (open, close) = (before.total(), day.close());
        let flows = part(&span.history.flows, before.counts.flows, day.last.counts.flows);
        let flowed = sum(flows.iter().map(|flow| flow.amount));
        let parts = flows.iter().map(|flow| (flow.value_before, flow.amount));
        let held = holding(span, closes, day.date);
        let benchmark = closes.at(question.benchmark, before_date).zip(closes.on(question.benchmark, day.date));
        let line = DayLine {
            date: day.date.to_string(),
            open,
            close,
            low: day.low.min(open),
            high: day.high.max(open),
            flows: flowed,
            gain: less(less(close, open), flowed),
            return_percent: time_weighted(open, parts, close).map(|fraction| fraction * 100.0),
            benchmark: benchmark.map(|(from, to)| (to.dollars() / from.dollars() - 1.0) * 100.0),
            holding: held_before.zip(held).and_then(|(from, to)| percent(less(to, from), from)),
            exposure: percent(day.last.invested(), close),
        };
        (before_date, held_before) = (day.date, held);
        line
    };
    span.steps().map(line).collect()
}

/// The return between flows, compounded; each flow has the value before it. `None` if there was nothing to gain from.
fn time_weighted(open: Money, flows: impl Iterator<Item = (Money, Money)>, close: Money) -> Option<f64> {
    let (mut start, mut growth) = (open, 1.0);
    let mut grow = |start: Money, end: Money| {
        if start.is_zero() && end.is_zero() {
            return Some(());
        }
        if start <= Money::ZERO {
            return None;
        }
        growth *= end.cents() as f64 / start.cents() as f64;
        Some(())
    };
    for (before, amount) in flows {
        grow(start, before)?;
        start = Money::from_cents(before.cents().saturating_add(amount.cents()));
    }
    grow(start, close)?;
    Some(growth - 1.0)
}

/// What the holdings and the cash of the span's start are worth at the close of a day.
fn holding(span: &Span<'_>, closes: &Closes, date: ExchangeDate) -> Option<Money> {
    span.base.positions.iter().try_fold(span.base.cash, |worth, held| {
        let shares = span.history.shares_of_today(held.ticker, held.quantity, span.base_date);
        worth.checked_add(Money::of(shares, closes.at(held.ticker, date)?)?)
    })
}

fn performance(question: &Question, span: &Span<'_>, days: &[DayLine]) -> Performance {
    let (opening_value, closing_value) = (span.base.total(), span.last().total());
    let flows = part(&span.history.flows, span.base.counts.flows, span.last().counts.flows);
    let deposits = sum(flows.iter().map(|flow| flow.amount.max(Money::ZERO)));
    let withdrawals = sum(flows.iter().map(|flow| flow.amount.min(Money::ZERO)));
    let net_flows = sum([deposits, withdrawals].into_iter());
    let gain = less(less(closing_value, opening_value), net_flows);
    let dividends = part(&span.history.dividends, span.base.counts.dividends, span.last().counts.dividends);
    let traded = |side| sum(span.trades().iter().filter(|trade| trade.side == side).map(Trade::amount));
    let (bought, sold) = (traded(Side::Buy), traded(Side::Sell));
    Performance {
        range: question.range.to_string(),
        from: days.first().map(|day| day.date.clone()),
        to: days.last().map(|day| day.date.clone()),
        days: days.len(),
        periods_a_year: question.periods_a_year,
        benchmark: question.benchmark,
        opening_value,
        closing_value,
        deposits,
        withdrawals,
        net_flows,
        gain,
        fees: sum(span.trades().iter().map(|trade| trade.commission)),
        dividends: sum(dividends.iter().map(|paid| paid.amount)),
        bought,
        sold,
        figures: all_figures(question, span, days, bought.min(sold)),
        drawdown: drawdown_dates(span, days),
        by_ticker: by_ticker(span, gain, dividends),
        by_source: by_source(span, gain, dividends),
    }
}

/// The returns of days, as fractions.
///
/// # Errors
/// If the account was worth nothing at the beginning of one.
fn returns(days: &[DayLine]) -> Result<Vec<f64>, Missing> {
    let returns = days.iter().map(|day| day.return_percent.map(|percent| percent / 100.0));
    returns.collect::<Option<_>>().ok_or(Missing::NothingInvested)
}

fn drawdown_dates(span: &Span<'_>, days: &[DayLine]) -> Option<DrawdownDates> {
    let deepest = drawdown::of_returns(&returns(days).ok()?).filter(|deepest| deepest.depth < 0.0)?;
    let date = |after: usize| match after.checked_sub(1) {
        None => span.base_date.to_string(),
        Some(index) => days[index].date.clone(),
    };
    Some(DrawdownDates { peak: date(deepest.peak), trough: date(deepest.trough), recovery: deepest.recovery.map(date) })
}

/// A figure by each name, with its number of samples. `traded` is the lesser of purchases and sales.
fn all_figures(
    question: &Question,
    span: &Span<'_>,
    days: &[DayLine],
    traded: Money,
) -> BTreeMap<FigureName, FigureView> {
    let all = returns(days);
    let with = |figure: &dyn Fn(&[f64]) -> Figure| all.as_deref().map_err(|missing| *missing).and_then(figure);
    let pairs = Pairs::of(days);
    let (rate, amounts) = money_rate(span);
    let sales = sales(span);
    let n = days.len();
    let a = question.periods_a_year;
    let total = |of: &dyn Fn(&DayLine) -> Option<f64>| {
        let returns: Option<Vec<f64>> = days.iter().map(|day| of(day).map(|percent| percent / 100.0)).collect();
        returns.map(|returns| figures::total_return(&returns)).ok_or(Missing::NoPrices)
    };
    let closes = |of: &dyn Fn(&DayLine) -> f64| days.iter().map(of).sum::<f64>() / n as f64;
    let mean_value = closes(&|day| day.close.cents() as f64);
    let value = |name: FigureName| -> (Figure, usize) {
        match name {
            FigureName::Twr => (with(&|r| Ok(figures::total_return(r))), n),
            FigureName::Mwr => (rate.map(|(over_range, _)| over_range), amounts),
            FigureName::MwrYearly => (rate.map(|(_, yearly)| yearly), amounts),
            FigureName::Cagr => (with(&|r| figures::cagr(r, a)), n),
            FigureName::Volatility => (with(&|r| figures::volatility(r, a)), n),
            FigureName::Sharpe => (with(&|r| figures::sharpe(r, 0.0, a)), n),
            FigureName::Sortino => (with(&|r| figures::sortino(r, 0.0, a)), n),
            FigureName::MaxDrawdown => {
                (with(&|r| drawdown::of_returns(r).map(|deepest| deepest.depth).ok_or(Missing::NotEnoughData)), n)
            }
            FigureName::Calmar => (with(&|r| figures::calmar(r, a)), n),
            FigureName::Alpha => (pairs.alpha_and_beta(a).map(|(alpha, _)| alpha), pairs.len()),
            FigureName::Beta => (pairs.alpha_and_beta(a).map(|(_, beta)| beta), pairs.len()),
            FigureName::Var95 => (with(&figures::value_at_risk), n),
            FigureName::Cvar95 => (with(&figures::expected_shortfall), n),
            FigureName::TrackingError => {
                (pairs.figure(&|own, other| figures::tracking_error(own, other, a)), pairs.len())
            }
            FigureName::InformationRatio => {
                (pairs.figure(&|own, other| figures::information_ratio(own, other, a)), pairs.len())
            }
            FigureName::BestDay => (with(&|r| r.iter().copied().reduce(f64::max).ok_or(Missing::NotEnoughData)), n),
            FigureName::WorstDay => (with(&|r| r.iter().copied().reduce(f64::min).ok_or(Missing::NotEnoughData)), n),
            FigureName::Trades => (Ok(span.trades().len() as f64), span.trades().len()),
            FigureName::Turnover => {
                let turnover = if mean_value > 0.0 {
                    Ok(traded.cents() as f64 / mean_value)
                } else {
                    Err(Missing::NothingInvested)
                };
                (turnover, span.trades().len())
            }
            FigureName::Exposure => {
                let exposures: Vec<f64> = days.iter().filter_map(|day| day.exposure).collect();
                (figures::mean_of(&exposures).map(|percent| percent / 100.0), exposures.len())
            }
            FigureName::BenchmarkReturn => (total(&|day| day.benchmark), n),
            FigureName::HoldingReturn => (total(&|day| day.holding), n),
            FigureName::WinRate
            | FigureName::AverageWin
            | FigureName::AverageLoss
            | FigureName::ProfitFactor
            | FigureName::Expectancy
            | FigureName::HoldingTime => of_sales(name, &sales),
        }
    };
    let view = |name: FigureName| {
        let (figure, samples) = value(name);
        let factor = if name.unit() == Unit::Percent { 100.0 } else { 1.0 };
        (name, FigureView::new(figure.map(|value| value * factor), samples))
    };
    FigureName::ALL.into_iter().map(view).collect()
}

fn of_sales(name: FigureName, sales: &Sales) -> (Figure, usize) {
    match name {
        FigureName::WinRate => (sales.win_rate(), sales.count()),
        FigureName::AverageWin => (sales.average_win(), sales.wins()),
        FigureName::AverageLoss => (sales.average_loss(), sales.losses()),
        FigureName::ProfitFactor => (sales.profit_factor(), sales.count()),
        FigureName::Expectancy => (sales.expectancy(), sales.count()),
        _ => (sales.holding_days(), sales.closed_lots()),
    }
}

/// The rate of the span's own length, and the same over a year, with the number of amounts that it comes from.
///
/// The time is in units of the span, so that a good hour has a rate, too.
fn money_rate(span: &Span<'_>) -> (Result<(f64, f64), Missing>, usize) {
    let flows = part(&span.history.flows, span.base.counts.flows, span.last().counts.flows);
    let since = |at: UtcInstant| (at.unix_ms() - span.base.at.unix_ms()) as f64 / DAY_MS;
    let length = since(span.last().at);
    let count = flows.len() + 2;
    if length <= 0.0 {
        return (Err(Missing::NotEnoughData), count);
    }
    let dated = |at: UtcInstant, cents: i64| DatedAmount {
        days: since(at).clamp(0.0, length) / length * 365.0,
        amount: cents as f64,
    };
    let mut amounts = Vec::with_capacity(count);
    amounts.push(dated(span.base.at, -span.base.total().cents()));
    amounts.extend(flows.iter().map(|flow| dated(flow.recorded_at, -flow.amount.cents())));
    amounts.push(dated(span.last().at, span.last().total().cents()));
    let rate = money_weighted(&amounts).map(|rate| (rate, over(rate, 365.0 * 365.0 / length)));
    (rate, count)
}

/// The returns of the days on which the benchmark has one, too.
struct Pairs(Result<(Vec<f64>, Vec<f64>), Missing>);

impl Pairs {
    fn of(days: &[DayLine]) -> Self {
        if days.iter().all(|day| day.benchmark.is_none()) {
            return Self(Err(Missing::NoPrices));
        }
        let pairs = days.iter().filter_map(|day| Some((day.return_percent? / 100.0, day.benchmark? / 100.0)));
        Self(Ok(pairs.unzip()))
    }

    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |(own, _)| own.len())
    }

    fn figure(&self, of: &dyn Fn(&[f64], &[f64]) -> Figure) -> Figure {
        let (own, other) = self.0.as_ref().map_err(|missing| *missing)?;
        of(own, other)
    }

    fn alpha_and_beta(&self, periods_a_year: f64) -> Result<(f64, f64), Missing> {
        let (own, other) = self.0.as_ref().map_err(|missing| *missing)?;
        figures::alpha_and_beta(own, other, 0.0, periods_a_year)
    }
}

/// The trades by their ids.
pub(super) fn by_id(trades: &[Trade]) -> HashMap<&str, &Trade> {
    trades.iter().map(|trade| (trade.id.as_str(), trade)).collect()
}
