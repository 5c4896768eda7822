"""Writes src/domain/performance/reference.json: seeded series of returns with their figures, by other programs.

    python3 -m venv env && env/bin/pip install empyrical-reloaded==0.7.1 pyxirr==0.10.8 scipy==1.17.1
    env/bin/python scripts/reference/performance.py

Each figure is the library's own; a figure that has no value there (NaN, infinite) is written as null.
"""

import datetime
import json
import math
import pathlib
import random

import empyrical
import numpy
import pyxirr
import scipy.optimize

TARGET = pathlib.Path(__file__).parents[2] / "src/domain/performance/reference.json"
SEED = 25
# Periods a year: the simulator's UTC days, the exchange's sessions, and weeks.
PERIODS = [68.25, 252.0, 52.0]


def known(value):
    value = float(value)
    return value if math.isfinite(value) else None


def series(random_numbers, number):
    """Returns of one of several kinds: calm, wild, trending, mostly nothing, short, and with a total loss."""
    kind = number % 6
    length = random_numbers.choice([2, 3, 5, 19, 20, 40, 68, 120])
    scale, drift = [(0.005, 0.0), (0.05, 0.0), (0.01, 0.003), (0.01, 0.0), (0.02, -0.002), (0.03, 0.001)][kind]
    returns = [round(random_numbers.gauss(drift, scale), 6) for _ in range(length)]
    if kind == 3:
        returns = [value if random_numbers.random() < 0.3 else 0.0 for value in returns]
    if number % 40 == 39:
        returns[length // 2] = -1.0
    return returns


def figures(returns, benchmark, risk_free, a):
    own, other = numpy.array(returns), numpy.array(benchmark)
    alpha, beta = empyrical.alpha_beta(own, other, risk_free=risk_free, annualization=a)
    excess = empyrical.excess_sharpe(own, other)
    return {
        "cagr": known(empyrical.annual_return(own, annualization=a)),
        "volatility": known(empyrical.annual_volatility(own, annualization=a)),
        "sharpe": known(empyrical.sharpe_ratio(own, risk_free=risk_free, annualization=a)),
        "sortino": known(empyrical.sortino_ratio(own, required_return=risk_free, annualization=a)),
        "max_drawdown": known(empyrical.max_drawdown(own)),
        "calmar": known(empyrical.calmar_ratio(own, annualization=a)),
        "alpha": known(alpha),
        "beta": known(beta),
        "value_at_risk": known(empyrical.value_at_risk(own)),
        "expected_shortfall": known(empyrical.conditional_value_at_risk(own)),
        # Not annualised there; the Rust side annualises by the square root of the periods a year.
        "information_ratio_a_period": known(excess),
    }


def flows(random_numbers):
    """Dated amounts: payments in and out, and at last the value that is left, as a person's account has them."""
    day = datetime.date(2024, 1, 1) + datetime.timedelta(days=random_numbers.randrange(300))
    paid_in = round(random_numbers.uniform(1_000, 20_000), 2)
    amounts = [(day, -paid_in)]
    value = paid_in
    for _ in range(random_numbers.randrange(0, 6)):
        day += datetime.timedelta(days=random_numbers.randrange(5, 200))
        value *= 1 + random_numbers.gauss(0.01, 0.08)
        amount = round(random_numbers.uniform(100, 5_000), 2)
        if random_numbers.random() < 0.35 and amount < value / 2:
            amounts.append((day, amount))
            value -= amount
        else:
            amounts.append((day, -amount))
            value += amount
    day += datetime.timedelta(days=random_numbers.randrange(20, 400))
    amounts.append((day, round(value * (1 + random_numbers.gauss(0.03, 0.1)), 2)))
    return amounts


def rate(dated):
    """pyxirr's rate, which ends its search within about 1e-10, brought to full precision by scipy around it."""
    days, amounts = [day for day, _ in dated], [amount for _, amount in dated]
    found = known(pyxirr.xirr(days, amounts))
    if found is None:
        return None

    def present_value(candidate):
        return sum(amount * (1 + candidate) ** (-(day - days[0]).days / 365) for day, amount in dated)

    return scipy.optimize.brentq(present_value, found - 1e-6, found + 1e-6, xtol=1e-15, rtol=1e-15)


def main():
    random_numbers = random.Random(SEED)
    cases = []
    for number in range(200):
        returns = series(random_numbers, number)
        benchmark = [round(0.6 * value + random_numbers.gauss(0, 0.008), 6) for value in returns]
        a = PERIODS[number % len(PERIODS)]
        risk_free = [0.0, 0.0, 0.0001][number % 3]
        cases.append({
            "returns": returns, "benchmark": benchmark, "risk_free": risk_free, "periods_a_year": a,
            "figures": figures(returns, benchmark, risk_free, a),
        })
    rates = []
    for _ in range(100):
        dated = flows(random_numbers)
        first = dated[0][0]
        rates.append({"flows": [[(day - first).days, amount] for day, amount in dated], "rate": rate(dated)})
    with TARGET.open("w") as file:
        file.write('{"series":[\n')
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write('\n],"rates":[\n')
        file.write(",\n".join(json.dumps(rate, separators=(",", ":")) for rate in rates))
        file.write("\n]}\n")


main()
