/** A history of an account, made up: the answers of the server to a page that asks for ranges of it. */

type Day = {
  date: string;
  open: number;
  close: number;
  low: number;
  high: number;
  flows: number;
  gain: number;
  return: number;
  benchmark: number;
  holding: number;
  exposure: number;
};

const DAYS = 214;
const LAST = Date.UTC(2026, 10, 30);
const DAY_MS = 86_400_000;

/** Days of each range. */
const LENGTHS: Record<string, number> = { '1w': 7, '1m': 30, '3m': 91, ytd: DAYS, '1y': DAYS, all: DAYS };

/** Pseudo-random numbers around 0, the same ones each time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648 - 0.48;
  };
}

const round = (amount: number) => Math.round(amount * 100) / 100;

function days(): Day[] {
  const random = noise(7);
  let value = 22_500;
  return Array.from({ length: DAYS }, (_, index) => {
    const open = value;
    const flows = index === 60 ? 3_000 : index === 150 ? -500 : 0;
    const percent = random() * 2.4;
    const gain = round((open * percent) / 100);
    value = round(open + gain + flows);
    return {
      date: new Date(LAST - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10),
      open,
      close: value,
      low: round(Math.min(open, value) * 0.995),
      high: round(Math.max(open, value) * 1.004),
      flows,
      gain,
      return: percent,
      benchmark: random() * 1.9,
      holding: random() * 2.1,
      exposure: 60 + random() * 20,
    };
  });
}

const compound = (percents: number[]) => (percents.reduce((worth, percent) => worth * (1 + percent / 100), 1) - 1) * 100;
const sum = (amounts: number[]) => round(amounts.reduce((all, amount) => all + amount, 0));

/** The answer of `load_performance`, where the real answer has the names of all figures. */
export function history(range: string, real: { performance: { figures: Record<string, object>; benchmark: string } }) {
  const shown = days().slice(-(LENGTHS[range] ?? DAYS));
  const gain = sum(shown.map((day) => day.gain));
  const flows = shown.map((day) => day.flows);
  const returns = shown.map((day) => day.return);
  const n = shown.length;
  const short = n < 20;
  const known: Record<string, number> = {
    twr: compound(returns),
    mwr: compound(returns) + 0.48,
    mwr_yearly: 14.2,
    benchmark_return: compound(shown.map((day) => day.benchmark)),
    holding_return: compound(shown.map((day) => day.holding)),
    max_drawdown: -5.98,
    volatility: 10.9,
    sharpe: 0.93,
    sortino: 1.43,
    best_day: Math.max(...returns),
    worst_day: Math.min(...returns),
    win_rate: 59.2,
    trades: 142,
    profit_factor: 1.82,
    average_win: 86.79,
    average_loss: -69.67,
    expectancy: 23.16,
    holding_time: 18.2,
    turnover: 310.4,
    exposure: 64.1,
    beta: 0.79,
    alpha: 4.37,
  };
  const figures = Object.fromEntries(
    Object.keys(real.performance.figures).map((name) => [name, name in known ? { value: known[name], n, short } : { why: 'not_enough_data', n, short }]),
  );
  const tickers = ['NVDA', 'AAPL', 'AMD', 'META', 'MSFT', 'XOM', 'TSLA'];
  const parts = [0.42, 0.23, 0.2, 0.14, 0.13, -0.05];
  const gains = parts.map((part) => round(gain * part));
  const by_ticker = [...gains, round(gain - sum(gains))].map((amount, index) => ({
    ticker: tickers[index],
    gain: amount,
    percent: (amount / gain) * 100,
  }));
  const manual = round(gain * 0.7);
  const performance = {
    range,
    from: shown[0].date,
    to: shown[n - 1].date,
    days: n,
    periods_a_year: 68.25,
    benchmark: real.performance.benchmark,
    opening_value: shown[0].open,
    closing_value: shown[n - 1].close,
    deposits: sum(flows.filter((flow) => flow > 0)),
    withdrawals: sum(flows.filter((flow) => flow < 0)),
    net_flows: sum(flows),
    gain,
    fees: 12.5,
    dividends: 20.4,
    bought: 41_220.18,
    sold: 38_120.4,
    figures,
    drawdown: { peak: '2026-06-19', trough: '2026-07-29', recovery: '2026-09-08' },
    by_ticker,
    by_source: [
      { source: 'manual', gain: manual, percent: (manual / gain) * 100 },
      { source: 'copilot', gain: round(gain - manual), percent: ((gain - manual) / gain) * 100 },
    ],
  };
  return { performance, days: shown, at: '2026-11-30T10:55:00.000Z' };
}
