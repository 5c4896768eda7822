//! How the account did over a period: the figures of the Performance view, from the same code.

use super::{View, list};
use crate::{
    domain::performance::{names::FigureName, range::Range, report::Performance},
    server::copilot::built_in::{
        figures::{percent, signed, signed_percent},
        words::Word,
    },
};

/// Most contributions that are named.
const CONTRIBUTIONS_MAX: usize = 3;

/// The period that a question names, or all time where it asks for a figure of risk or return by its name.
pub fn range_asked(words: &[Word]) -> Option<Range> {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.plain.as_str()));
    let ranges = [
        (Range::Week, &["week", "weeks", "weekly"][..]),
        (Range::Month, &["month", "months", "monthly"]),
        (Range::Quarter, &["quarter", "quarterly"]),
        (Range::YearToDate, &["ytd"]),
        (Range::Year, &["year", "years", "yearly", "annual", "annually"]),
    ];
    let named = ranges.into_iter().find(|(_, names)| has(names)).map(|(range, _)| range);
    let named = match named {
        // The year that goes on is not the last twelve months.
        Some(Range::Year) if has(&["this"]) => Some(Range::YearToDate),
        other => other,
    };
    let figures = [
        "sharpe",
        "sortino",
        "calmar",
        "volatility",
        "alpha",
        "beta",
        "benchmark",
        "time-weighted",
        "money-weighted",
        "irr",
        "cagr",
    ];
    named.or_else(|| has(&figures).then_some(Range::All))
}

impl View<'_> {
    pub fn period(&self) -> String {
        let Some(figures) = &self.setting.performance else {
            return "Your performance could not be read just now; the Performance view (R) has it.".to_owned();
        };
        let Performance { opening_value, closing_value, gain, net_flows, days, benchmark, .. } = figures;
        let (Some(from), Some(to)) = (&figures.from, &figures.to) else {
            return "There is no day with figures in that time yet.".to_owned();
        };
        let flows = match net_flows.is_zero() {
            true => String::new(),
            false => format!(", with {} of deposits less withdrawals", signed(*net_flows)),
        };
        let value = |name: FigureName| figures.figures.get(&name).and_then(|figure| figure.value);
        let missing = || "not enough data yet".to_owned();
        let return_of = |name| value(name).map_or_else(missing, signed_percent);
        let mut lines = vec![format!(
            "From {from} to {to} your account went from {opening_value} to **{closing_value}**, a gain of {}{flows}.",
            signed(*gain)
        )];
        lines.push(format!(
            "- Time-weighted return: {}, against {} of {benchmark} and {} of holding still",
            return_of(FigureName::Twr),
            return_of(FigureName::BenchmarkReturn),
            return_of(FigureName::HoldingReturn)
        ));
        lines.push(format!("- Money-weighted return: {}", return_of(FigureName::Mwr)));
        let drawdown = value(FigureName::MaxDrawdown).map(|drawdown| percent(drawdown.abs()));
        let dates = figures.drawdown.as_ref().map(|dates| format!(", from {} to {}", dates.peak, dates.trough));
        lines.push(format!("- Largest drawdown: {}{}", drawdown.unwrap_or_else(missing), dates.unwrap_or_default()));
        let ratio = |name| value(name).map_or_else(missing, |ratio| format!("{ratio:.2}"));
        lines.push(format!(
            "- Sharpe ratio: {}; volatility: {} (of {days} days)",
            ratio(FigureName::Sharpe),
            value(FigureName::Volatility).map_or_else(missing, percent)
        ));
        let contributions = figures.by_ticker.iter().filter(|line| !line.gain.is_zero());
        let mut named: Vec<_> = contributions.collect();
        named.sort_by_key(|line| std::cmp::Reverse(line.gain.cents().abs()));
        let named = named.into_iter().take(CONTRIBUTIONS_MAX);
        let named: Vec<_> = named.map(|line| format!("{} {}", line.ticker, signed(line.gain))).collect();
        if !named.is_empty() {
            lines.push(format!("- Largest contributions: {}", named.join(", ")));
        }
        lines.push(format!("- These are the figures of [Performance](/performance), range {}.", figures.range));
        list(&lines)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::server::copilot::built_in::words::words_of;

    #[rstest]
    #[case("How did I do this month?", Some(Range::Month))]
    #[case("how was my week", Some(Range::Week))]
    #[case("What is my return this year?", Some(Range::YearToDate))]
    #[case("my return over the last year", Some(Range::Year))]
    #[case("ytd performance", Some(Range::YearToDate))]
    #[case("What is my Sharpe ratio?", Some(Range::All))]
    #[case("Did I beat the benchmark this quarter?", Some(Range::Quarter))]
    #[case("How am I doing?", None)]
    fn a_question_names_its_period(#[case] question: &str, #[case] range: Option<Range>) {
        assert_eq!(range_asked(&words_of(question)), range);
    }
}
