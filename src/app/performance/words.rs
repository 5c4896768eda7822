//! Figures, dates and sentences of the view in words.

use crate::{
    app::format::{MISSING, decimal, money, or_missing, signed_money, signed_percent},
    domain::{
        calendar::date_of,
        corporate_action::ExchangeDate,
        fixed_point::{DecimalError, parse_decimal},
        instant::UtcInstant,
        money::Money,
        performance::{
            flow::{FLOW_MAX, FlowKind},
            lots::LotMethod,
            names::{FigureName, Unit},
            range::Range,
            report::{DrawdownDates, FigureView, GainSource, Performance},
        },
        typed_number::{Unreadable, read_number},
    },
};

pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The word on a range's button.
pub fn range_word(range: Range) -> &'static str {
    match range {
        Range::Week => "1W",
        Range::Month => "1M",
        Range::Quarter => "3M",
        Range::YearToDate => "YTD",
        Range::Year => "1Y",
        Range::All => "All",
        Range::Dates { .. } => "Dates",
    }
}

/// The same in full.
pub fn range_title(range: Range) -> &'static str {
    match range {
        Range::Week => "The last week",
        Range::Month => "The last month",
        Range::Quarter => "The last three months",
        Range::YearToDate => "This year",
        Range::Year => "The last year",
        Range::All => "Since the account was opened",
        Range::Dates { .. } => "Between two dates",
    }
}

/// `3 Feb 2026`; a text that is no date stays as it is.
pub fn date_words(date: &str) -> String {
    date.parse::<ExchangeDate>().map_or_else(
        |_| date.to_owned(),
        |date| {
            let (year, month, day) = date_of(date.days());
            format!("{day} {} {year}", month_word(month))
        },
    )
}

/// `Feb`; months are 1 to 12.
pub fn month_word(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or(MISSING)
}

/// `3 Feb 2026 to 30 Nov 2026 · 214 days`
pub fn span_words(performance: &Performance) -> String {
    match (&performance.from, &performance.to) {
        (Some(from), Some(to)) if from == to => format!("{} · 1 day", date_words(from)),
        (Some(from), Some(to)) => {
            format!("{} to {} · {}", date_words(from), date_words(to), counted(performance.days, "day", "days"))
        }
        _ => "No day in this range".to_owned(),
    }
}

/// `1 day`, `1,204 days`
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", decimal(count as f64, 0), if count == 1 { one } else { many })
}

/// A figure's value in its unit, or why there is none.
pub fn figure(name: FigureName, figure: FigureView) -> String {
    match (figure.value, figure.why) {
        (Some(value), _) => amount(name, value),
        (None, Some(why)) => why.to_string(),
        (None, None) => MISSING.to_owned(),
    }
}

fn amount(name: FigureName, value: f64) -> String {
    match name.unit() {
        Unit::Percent if has_sign(name) => signed_percent(value),
        Unit::Percent => format!("{}%", decimal(value, 2)),
        Unit::Dollars => signed_money(dollars(value)),
        Unit::Ratio => decimal(value, 2),
        Unit::Count => decimal(value, 0),
        // A purchase that is sold minutes later is no 0 days.
        Unit::Days if value < 1.0 => format!("{} h", decimal(value * 24.0, 1)),
        Unit::Days => format!("{} d", decimal(value, 1)),
    }
}

/// To the nearest cent.
fn dollars(value: f64) -> Money {
    Money::from_cents((value * 100.0).round() as i64)
}

/// Whether a figure is a gain or a loss: it is written with its sign and coloured.
fn has_sign(name: FigureName) -> bool {
    use FigureName as Name;
    match name {
        Name::Twr
        | Name::Mwr
        | Name::MwrYearly
        | Name::Cagr
        | Name::MaxDrawdown
        | Name::Alpha
        | Name::Var95
        | Name::Cvar95
        | Name::BestDay
        | Name::WorstDay
        | Name::AverageWin
        | Name::AverageLoss
        | Name::Expectancy
        | Name::BenchmarkReturn
        | Name::HoldingReturn => true,
        Name::Volatility
        | Name::Sharpe
        | Name::Sortino
        | Name::Calmar
        | Name::Beta
        | Name::TrackingError
        | Name::InformationRatio
        | Name::Trades
        | Name::WinRate
        | Name::ProfitFactor
        | Name::HoldingTime
        | Name::Turnover
        | Name::Exposure => false,
    }
}

/// Class that colours a figure.
pub fn figure_tone(name: FigureName, figure: FigureView) -> &'static str {
    match figure.value {
        Some(value) if has_sign(name) => percent_tone(value),
        Some(_) => "",
        None => "muted",
    }
}

/// Class that colours a percentage; one that is written as 0.00 has none.
pub fn percent_tone(percent: f64) -> &'static str {
    match (percent * 100.0).round() as i64 {
        1.. => "up",
        0 => "",
        ..0 => "down",
    }
}

/// What a figure is calculated from: the values that its formula names, and the number of samples.
pub fn inputs(name: FigureName, figure: FigureView, performance: &Performance) -> String {
    use FigureName as Name;
    let samples = samples(name, figure.n);
    let years = format!("{} periods a year", decimal(performance.periods_a_year, 2));
    let benchmark = performance.benchmark;
    match name {
        Name::Twr | Name::Mwr | Name::MwrYearly => format!(
            "From {} to {}, {} of deposits and withdrawals; {samples}.",
            money(performance.opening_value),
            money(performance.closing_value),
            signed_money(performance.net_flows)
        ),
        Name::Cagr | Name::Volatility | Name::Sharpe | Name::Sortino | Name::Calmar => format!("{samples}, {years}."),
        Name::Beta => format!("{samples} against {benchmark}."),
        Name::Alpha | Name::TrackingError | Name::InformationRatio => {
            format!("{samples} against {benchmark}, {years}.")
        }
        Name::BenchmarkReturn => format!("{benchmark}; {samples}."),
        Name::Turnover => {
            format!("Bought for {}, sold for {}; {samples}.", money(performance.bought), money(performance.sold))
        }
        Name::MaxDrawdown
        | Name::Var95
        | Name::Cvar95
        | Name::BestDay
        | Name::WorstDay
        | Name::Trades
        | Name::WinRate
        | Name::AverageWin
        | Name::AverageLoss
        | Name::ProfitFactor
        | Name::Expectancy
        | Name::HoldingTime
        | Name::Exposure
        | Name::HoldingReturn => format!("{samples}."),
    }
}

/// The number of samples with their kind.
fn samples(name: FigureName, count: usize) -> String {
    use FigureName as Name;
    match name {
        Name::Trades | Name::Turnover => counted(count, "trade", "trades"),
        Name::WinRate | Name::AverageWin | Name::AverageLoss | Name::ProfitFactor | Name::Expectancy => {
            counted(count, "sale", "sales")
        }
        Name::HoldingTime => counted(count, "lot sold", "lots sold"),
        Name::Mwr | Name::MwrYearly => counted(count, "amount", "amounts"),
        _ => counted(count, "day", "days"),
    }
}

/// Where the largest drawdown was: `19 Mar 2026 to 29 Apr 2026, back 8 Jul 2026`
pub fn drawdown_words(drawdown: Option<&DrawdownDates>) -> String {
    let Some(DrawdownDates { peak, trough, recovery }) = drawdown else {
        return "no fall at the close of a day".to_owned();
    };
    let recovered = match recovery {
        Some(date) => format!("back {}", date_words(date)),
        None => "not yet back".to_owned(),
    };
    format!("{} to {}, {recovered}", date_words(peak), date_words(trough))
}

/// Why the money-weighted return differs from the time-weighted one.
pub fn why_they_differ(performance: &Performance) -> String {
    let value = |name| performance.figures.get(&name).and_then(|figure| figure.value);
    let rule =
        "Time-weighted leaves deposits and withdrawals out; money-weighted counts how long each dollar was there.";
    let rest = match (value(FigureName::Twr), value(FigureName::Mwr)) {
        _ if performance.deposits.is_zero() && performance.withdrawals.is_zero() => {
            "Without any in this range both are nearly the same."
        }
        (Some(time), Some(money)) if money > time => "It is higher: more was invested when the account gained.",
        (Some(time), Some(money)) if money < time => {
            "It is lower: more was invested when the account lost, or gained less."
        }
        _ => "",
    };
    format!("{rule} {rest}").trim_end().to_owned()
}

/// Return less the benchmark's, in percentage points: `+2.44 points`
pub fn against(performance: &Performance) -> Option<f64> {
    let value = |name| performance.figures.get(&name).and_then(|figure| figure.value);
    Some(value(FigureName::Twr)? - value(FigureName::BenchmarkReturn)?)
}

pub fn source_word(source: GainSource) -> &'static str {
    match source {
        GainSource::Manual => "You",
        GainSource::Copilot => "Copilot",
        GainSource::Dividends => "Dividends",
    }
}

pub fn method_title(method: LotMethod) -> &'static str {
    match method {
        LotMethod::Fifo => "First in, first out",
        LotMethod::Lifo => "Last in, first out",
        LotMethod::Hifo => "Highest cost first",
        LotMethod::Average => "Average cost",
    }
}

pub fn flow_word(kind: FlowKind) -> &'static str {
    match kind {
        FlowKind::Opening => "Opening cash",
        FlowKind::Deposit => "Deposit",
        FlowKind::Withdrawal => "Withdrawal",
    }
}

/// How long something was held: `18 d`, `5 h`, `12 min`.
pub fn held(from: UtcInstant, until: UtcInstant) -> String {
    let minutes = until.unix_ms().saturating_sub(from.unix_ms()).max(0) / 60_000;
    match minutes {
        ..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

/// A share of the gain: `+36.5%`
pub fn part(percent: Option<f64>) -> String {
    or_missing(percent.map(signed_percent))
}

/// Reads an amount as a person types it, above 0 and at most [`FLOW_MAX`].
///
/// # Errors
/// With a sentence on what is wrong.
pub fn read_amount(typed: &str) -> Result<Money, String> {
    let typed = typed.trim().trim_start_matches('$');
    if typed.is_empty() {
        return Err("Write an amount, such as 500 or 1250.75.".to_owned());
    }
    let number = read_number(typed).map_err(|error| match error {
        Unreadable::NotANumber => format!("{typed} is not an amount."),
        Unreadable::Doubtful { grouped, decimal } => {
            format!("{typed} may be {grouped} or {decimal}; write the one that you mean.")
        }
    })?;
    let cents = parse_decimal(&number, 2).map_err(|error| match error {
        DecimalError::TooManyDecimals => "An amount has at most two decimal places.".to_owned(),
        DecimalError::NotANumber => format!("{typed} is not an amount."),
        DecimalError::TooLarge => too_large(),
    })?;
    match Money::from_cents(cents) {
        amount if amount <= Money::ZERO => Err("The amount has to be above 0.".to_owned()),
        amount if amount > FLOW_MAX => Err(too_large()),
        amount => Ok(amount),
    }
}

fn too_large() -> String {
    format!("The largest amount is {}.", money(FLOW_MAX))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::performance::Missing;

    fn view(value: f64) -> FigureView {
        FigureView::new(Ok(value), 30)
    }

    #[rstest]
    #[case(FigureName::Twr, 8.468, "+8.47%", "up")]
    #[case(FigureName::MaxDrawdown, -5.98, "−5.98%", "down")]
    #[case(FigureName::Volatility, 10.9, "10.90%", "")]
    #[case(FigureName::Sharpe, 0.934, "0.93", "")]
    #[case(FigureName::Expectancy, 23.16, "+$23.16", "up")]
    #[case(FigureName::AverageLoss, -1_204.5, "−$1,204.50", "down")]
    #[case(FigureName::Trades, 1_204.0, "1,204", "")]
    #[case(FigureName::HoldingTime, 18.25, "18.3 d", "")]
    #[case(FigureName::HoldingTime, 0.25, "6.0 h", "")]
    fn a_figure_has_its_unit(#[case] name: FigureName, #[case] value: f64, #[case] words: &str, #[case] tone: &str) {
        assert_eq!((figure(name, view(value)).as_str(), figure_tone(name, view(value))), (words, tone));
    }

    #[test]
    fn a_figure_without_a_value_says_why() {
        let missing = FigureView::new(Err(Missing::NotEnoughData), 1);
        assert_eq!(figure(FigureName::Sharpe, missing), "not enough data");
        assert_eq!(figure_tone(FigureName::Sharpe, missing), "muted");
    }

    #[test]
    fn dates_are_words() {
        assert_eq!(date_words("2026-02-03"), "3 Feb 2026");
        assert_eq!(date_words("soon"), "soon");
        let dates = DrawdownDates {
            peak: "2026-03-19".to_owned(),
            trough: "2026-04-29".to_owned(),
            recovery: Some("2026-07-08".to_owned()),
        };
        assert_eq!(drawdown_words(Some(&dates)), "19 Mar 2026 to 29 Apr 2026, back 8 Jul 2026");
    }

    #[rstest]
    #[case(59, "0 min")]
    #[case(3_599, "59 min")]
    #[case(7_300, "2 h")]
    #[case(86_400 * 18 + 5, "18 d")]
    #[case(-5, "0 min")]
    fn a_holding_period_is_short(#[case] seconds: i64, #[case] words: &str) {
        let from = UtcInstant::from_unix_ms(1_795_356_131_500);
        assert_eq!(held(from, UtcInstant::from_unix_ms(from.unix_ms() + seconds * 1_000)), words);
    }

    #[rstest]
    #[case("500", 50_000)]
    #[case(" $1250.75 ", 125_075)]
    #[case("1 250,5", 125_050)]
    fn an_amount_is_read_as_it_is_typed(#[case] typed: &str, #[case] cents: i64) {
        assert_eq!(read_amount(typed), Ok(Money::from_cents(cents)));
    }

    #[rstest]
    #[case("", "Write an amount")]
    #[case("0", "above 0")]
    #[case("-5", "above 0")]
    #[case("1.005", "two decimal places")]
    #[case("1,000", "write the one that you mean")]
    #[case("much", "not an amount")]
    #[case("1000000000.01", "The largest amount is $1,000,000,000.00")]
    fn other_amounts_are_refused_in_words(#[case] typed: &str, #[case] words: &str) {
        let refusal = read_amount(typed).unwrap_err();
        assert!(refusal.contains(words), "{refusal}");
    }
}
