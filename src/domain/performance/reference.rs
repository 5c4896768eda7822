//! The figures against those of other programs: `reference.json`, by `scripts/reference/performance.py`.

use serde::Deserialize;

use super::{
    Figure, drawdown,
    figures::{
        alpha_and_beta, cagr, calmar, expected_shortfall, information_ratio, sharpe, sortino, value_at_risk, volatility,
    },
    rate::{DatedAmount, money_weighted},
};

/// How far a figure may be from its reference, relative to it.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Reference {
    series: Vec<Series>,
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
struct Series {
    returns: Vec<f64>,
    benchmark: Vec<f64>,
    risk_free: f64,
    periods_a_year: f64,
    figures: Figures,
}

#[derive(Deserialize)]
struct Figures {
    cagr: Option<f64>,
    volatility: Option<f64>,
    sharpe: Option<f64>,
    sortino: Option<f64>,
    max_drawdown: Option<f64>,
    calmar: Option<f64>,
    alpha: Option<f64>,
    beta: Option<f64>,
    value_at_risk: Option<f64>,
    expected_shortfall: Option<f64>,
    information_ratio_a_period: Option<f64>,
}

#[derive(Deserialize)]
struct Rate {
    flows: Vec<(f64, f64)>,
    rate: Option<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference.json")).expect("it is of this form")
}

fn agrees(case: usize, name: &str, ours: Figure, theirs: Option<f64>) {
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => {
            let apart = (ours - theirs).abs();
            assert!(apart <= TOLERANCE * theirs.abs().max(1e-3), "case {case}, {name}: {ours}, reference {theirs}");
        }
        (Err(_), None) => {}
        (ours, theirs) => panic!("case {case}, {name}: {ours:?}, reference {theirs:?}"),
    }
}

#[test]
fn figures_are_those_of_empyrical() {
    let series = reference().series;
    assert_eq!(series.len(), 200);
    for (case, Series { returns, benchmark, risk_free, periods_a_year, figures }) in series.iter().enumerate() {
        let (free, a) = (*risk_free, *periods_a_year);
        let alpha_beta = alpha_and_beta(returns, benchmark, free, a);
        let a_period = information_ratio(returns, benchmark, 1.0);
        let drawdown = drawdown::of_returns(returns).map(|drawdown| drawdown.depth);
        agrees(case, "cagr", cagr(returns, a), figures.cagr);
        agrees(case, "volatility", volatility(returns, a), figures.volatility);
        agrees(case, "sharpe", sharpe(returns, free, a), figures.sharpe);
        agrees(case, "sortino", sortino(returns, free, a), figures.sortino);
        agrees(case, "max_drawdown", drawdown.ok_or(super::Missing::NotEnoughData), figures.max_drawdown);
        agrees(case, "calmar", calmar(returns, a), figures.calmar);
        agrees(case, "alpha", alpha_beta.map(|(alpha, _)| alpha), figures.alpha);
        agrees(case, "beta", alpha_beta.map(|(_, beta)| beta), figures.beta);
        agrees(case, "value_at_risk", value_at_risk(returns), figures.value_at_risk);
        agrees(case, "expected_shortfall", expected_shortfall(returns), figures.expected_shortfall);
        agrees(case, "information_ratio", a_period, figures.information_ratio_a_period);
    }
}

#[test]
fn rates_are_those_of_xirr() {
    let rates = reference().rates;
    assert_eq!(rates.len(), 100);
    for (case, Rate { flows, rate }) in rates.iter().enumerate() {
        let flows: Vec<_> = flows.iter().map(|&(days, amount)| DatedAmount { days, amount }).collect();
        agrees(case, "xirr", money_weighted(&flows), *rate);
    }
}
