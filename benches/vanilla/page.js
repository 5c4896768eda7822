// The page's live rows written by hand, with nothing between the frame and the text nodes, as the baseline for the real
// page. It shows the watchlist, the first positions and the total, from the same compact frames.

const STANDING_MAX = 40;
const POINTS_MAX = 60;
const POINT_MS = 15_000;
const LETTERS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((letter, bits) => [letter, bits]));
const MINUS = '\u2212';

const quotes = [];
const rows = new Map();
const positions = new Map();
let cash = 0;
const total = text(document.getElementById('total'));

// Highlights of visible prices that have just changed: one drawing over the list, as on the page.
const lights = document.getElementById('lights');
const fade = new Animation(new KeyframeEffect(lights, { opacity: [0.45, 0], easing: 'ease-out' }, 600));
const rises = [];
const falls = [];
const seen = new Set();
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) seen[isIntersecting ? 'add' : 'delete'](target.querySelector('.price'));
}, { root: document.getElementById('rows') });

function text(parent) {
  return parent.appendChild(document.createTextNode(''));
}

function element(name, parent, className = '') {
  const made = parent.appendChild(document.createElement(name));
  if (className) made.className = className;
  return made;
}

function write(node, words) {
  if (node.data !== words) node.data = words;
}

const grouped = (words) => words.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const price = (units) => {
  const [whole, rest] = (units / 10_000).toFixed(2).split('.');
  return `${grouped(whole)}.${rest}`;
};
const sign = (amount) => (amount > 0 ? '+' : amount < 0 ? MINUS : '');
const signed = (amount) => `${sign(amount)}${price(Math.abs(amount))}`;
const money = (cents) => `$${price(cents * 100)}`;
const signedMoney = (cents) => `${sign(cents)}${money(Math.abs(cents))}`;
const percent = (amount) => `${sign(amount)}${Math.abs(amount).toFixed(2)}%`;

function addRow(ticker, sparkline) {
  const row = element('li', document.getElementById('rows'), 'row');
  const symbol = element('button', row, 'symbol');
  element('b', symbol).textContent = ticker;
  const svg = row.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  svg.setAttribute('class', 'sparkline');
  svg.setAttribute('viewBox', '0 0 64 22');
  svg.setAttribute('preserveAspectRatio', 'none');
  const line = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'));
  line.setAttribute('vector-effect', 'non-scaling-stroke');
  const priced = element('span', row, 'price');
  const change = element('span', row, 'change');
  const day = text(change);
  const prices = sparkline.map((dollars) => Math.round(dollars * 10_000));
  rows.set(ticker, { priced, price: text(priced), change, day, moved: text(element('small', change)), svg, line, prices, points: '' });
  sight.observe(row);
}

function addPosition(held) {
  const row = element('tr', document.getElementById('positions'));
  element('b', element('th', row)).textContent = held.ticker;
  const cells = ['quantity', 'cost', 'price', 'value', 'weight', 'day', 'pnl', 'percent'].map(() => element('td', row));
  const [quantity, cost, ...live] = cells.map(text);
  write(quantity, String(held.quantity));
  write(cost, held.avg_cost.toFixed(2));
  Object.assign(held, { cells, live });
}

function readNumber(letters, at) {
  let number = 0;
  for (let shift = 0; ; shift += 5) {
    const bits = LETTERS.get(letters[at]);
    at += 1;
    number += (bits & 31) * 2 ** shift;
    if (bits < 32) return [number % 2 ? -(number - 1) / 2 : number / 2, at];
  }
}

function read(frame) {
  const [head, at, ...rest] = frame.split(' ');
  if (head[0] === 'K') {
    quotes.length = 0;
    for (const word of rest) {
      const [ticker, now, before, open, moment] = word.split(':');
      quotes.push({ ticker, price: Number(now), before: Number(before), open: Number(open), at: Number(moment ?? at) });
    }
    return;
  }
  const [step, letters] = rest;
  let place = 0;
  let skipped = 0;
  for (const quote of quotes) {
    quote.before = quote.price;
    if (skipped === 0 && letters[place] === '!') [skipped, place] = readNumber(letters, place + 1);
    if (skipped > 0) skipped -= 1;
    else if (place < letters.length) {
      let steps;
      [steps, place] = readNumber(letters, place);
      quote.price += steps * step;
      quote.at = Number(at);
    }
  }
}

function drawLine(row, quote) {
  const point = Math.floor(quote.at / POINT_MS);
  if (row.prices.length === 0 || (row.point !== undefined && row.point !== point)) row.prices.push(quote.price);
  else row.prices[row.prices.length - 1] = quote.price;
  row.point = point;
  if (row.prices.length > POINTS_MAX) row.prices.shift();
  const low = Math.min(...row.prices);
  const high = Math.max(...row.prices);
  const step = 64 / (Math.max(row.prices.length, 2) - 1);
  const round = (length) => Math.round(length * 4) / 4;
  const share = (units) => (high === low ? 0.5 : (high - units) / (high - low));
  const points = row.prices.map((units, index) => `${round(index * step)},${round(2 + share(units) * 18)}`).join(' ');
  if (points !== row.points) row.line.setAttribute('points', (row.points = points));
  row.svg.classList.toggle('down', row.prices.at(-1) < row.prices[0]);
}

function drawRow(row, quote) {
  if (row.last === quote.price && row.at === quote.at) return;
  const move = row.last === undefined ? 0 : quote.price - row.last;
  if (move !== 0 && seen.has(row.priced)) (move > 0 ? rises : falls).push(row.priced);
  const direction = quote.price > quote.before ? 'up' : quote.price < quote.before ? 'down' : 'flat';
  if (row.priced.dataset.direction !== direction) row.priced.dataset.direction = direction;
  row.last = quote.price;
  row.at = quote.at;
  const day = quote.price - quote.open;
  write(row.price, price(quote.price));
  write(row.day, `${day > 0 ? '▲' : day < 0 ? '▼' : '•'} ${percent((day / quote.open) * 100)}`);
  write(row.moved, signed(day));
  const className = day > 0 ? 'change up' : day < 0 ? 'change down' : 'change';
  if (row.change.className !== className) row.change.className = className;
  drawLine(row, quote);
}

function drawPosition(held, quote, whole) {
  const [now, value, weight, day, pnl, share] = held.live;
  const gain = held.value - held.cost;
  const today = Math.round((held.quantity * (quote.price - quote.open)) / 100);
  write(now, price(quote.price));
  write(value, money(held.value));
  write(weight, `${((held.value / whole) * 100).toFixed(2)}%`);
  write(day, `${signedMoney(today)} ${percent(((quote.price - quote.open) / quote.open) * 100)}`);
  write(pnl, signedMoney(gain));
  write(share, percent((gain / held.cost) * 100));
  for (const [cell, amount] of [[held.cells[5], today], [held.cells[6], gain], [held.cells[7], gain]]) {
    const className = amount > 0 ? 'up' : amount < 0 ? 'down' : '';
    if (cell.className !== className) cell.className = className;
  }
}

function light() {
  if (rises.length + falls.length === 0) return;
  const origin = lights.getBoundingClientRect();
  for (const [path, prices] of [[lights.children[0], rises], [lights.children[1], falls]]) {
    const boxes = prices.splice(0).map((priced) => {
      const { x, y, width, height } = priced.getBoundingClientRect();
      return `M${x - origin.x} ${y - origin.y}h${width}v${height}h-${width}z`;
    });
    path.setAttribute('d', boxes.join(''));
  }
  fade.currentTime = 0;
  fade.play();
}

function draw() {
  let whole = cash;
  for (const quote of quotes) {
    const held = positions.get(quote.ticker);
    if (held) whole += held.value = Math.round((held.quantity * quote.price) / 100);
  }
  write(total, money(whole));
  for (const quote of quotes) {
    const row = rows.get(quote.ticker);
    if (row) drawRow(row, quote);
    const held = positions.get(quote.ticker);
    if (held?.live) drawPosition(held, quote, whole);
  }
  light();
}

const get = async (path) => (await fetch(path)).json();
for (const { ticker, sparkline } of (await get('/api/watchlist')).tickers) addRow(ticker, sparkline);
const portfolio = await get('/api/portfolio');
cash = Math.round(portfolio.cash_balance * 100);
for (const held of portfolio.positions) {
  positions.set(held.ticker, { ...held, cost: Math.round((held.market_value - held.unrealized_pnl) * 100) });
}
for (const held of [...positions.values()].slice(0, STANDING_MAX)) addPosition(held);

let waiting = [];
new EventSource('/api/stream/prices?format=compact').onmessage = ({ data }) => {
  if (waiting.length === 0) {
    requestAnimationFrame(() => {
      waiting.forEach(read);
      waiting = [];
      draw();
    });
  }
  waiting.push(data);
};
document.body.dataset.hydrated = 'true';
