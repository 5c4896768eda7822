// Builds the page from the OpenAPI document. Everything is set as text, so nothing in the document is executed.

const STREAM_SECONDS = 3;
const SURE_SECONDS = 5;

// The workstation's theme, where one was chosen; else the style sheet follows the system.
try {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing for this page: the system's theme stands.
}

const place = document.getElementById('operations');

try {
  const response = await fetch('/api/openapi.json');
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  render(await response.json());
} catch (error) {
  place.replaceChildren(element('p', {}, `The API's description could not be read: ${error.message}.`));
}

function render(api) {
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = operation.tags?.[0] ?? 'Other';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationView(api, method, path, operation));
    }
  }
  place.replaceChildren(element('p', {}, api.info.description));
  for (const [tag, views] of groups) place.append(element('h2', {}, tag), ...views);
}

function operationView(api, method, path, operation) {
  const view = element('details', { className: 'operation' });
  const title = element('span', { className: 'title' }, operation.summary ?? '');
  view.append(
    element('summary', {}, element('span', { className: 'method' }, method.toUpperCase()), element('code', {}, path), title),
    element('p', {}, operation.description ?? ''),
    tryForm(api, method, path, operation),
    answersTable(operation),
  );
  return view;
}

function answersTable(operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const examples = Object.values(answer.content?.['application/problem+json']?.examples ?? {});
    const details = examples.map((example) => element('div', {}, `${example.value.code}: ${example.value.detail}`));
    return element('tr', {}, element('th', { scope: 'row' }, status), element('td', {}, answer.description, ...details));
  });
  return element('table', {}, element('tbody', {}, ...rows));
}

function tryForm(api, method, path, operation) {
  const form = element('form');
  const inputs = (operation.parameters ?? []).map((parameter) => {
    const example = parameter.example ?? resolve(api, parameter.schema)?.examples?.[0];
    const input = element('input', { name: parameter.name, required: parameter.required === true });
    if (parameter.required) input.value = example ?? '';
    else input.placeholder = example ?? parameter.schema?.default ?? '';
    form.append(element('label', {}, `${parameter.name}${parameter.description ? `: ${parameter.description}` : ''}`, input));
    return { parameter, input };
  });
  const body = operation.requestBody?.content?.['application/json'];
  const editor = body && element('textarea', { rows: 6, spellcheck: false });
  if (editor) {
    editor.value = JSON.stringify(body.example ?? {}, null, 2);
    form.append(element('label', {}, 'Body (JSON)', editor));
  }
  const output = element('pre', { hidden: true, tabIndex: 0 });
  output.setAttribute('aria-live', 'polite');
  const button = element('button', { type: 'submit' }, 'Try it');
  form.append(button, output);
  const isSure = removes(method, path) ? askTwice(button) : () => true;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!isSure()) return;
    button.disabled = true;
    output.hidden = false;
    output.textContent = 'Waiting for the answer…';
    try {
      await send(method, address(path, inputs), editor?.value, output);
    } catch (error) {
      output.textContent = `There was no answer: ${error.message}`;
    }
    button.disabled = false;
  });
  return form;
}

// Whether an operation removes something that is not made again by hand.
function removes(method, path) {
  return method === 'delete' || path.endsWith('/reset') || path.endsWith('/write-off');
}

// The first press asks, the second within a few seconds sends.
function askTwice(button) {
  const name = button.textContent;
  let timer;
  const calm = () => {
    clearTimeout(timer);
    timer = undefined;
    button.textContent = name;
  };
  return () => {
    if (timer !== undefined) {
      calm();
      return true;
    }
    button.textContent = 'This removes data: press again to send it';
    timer = setTimeout(calm, SURE_SECONDS * 1000);
    return false;
  };
}

function address(path, inputs) {
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    if (input.value === '') continue;
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else query.set(parameter.name, input.value);
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

async function send(method, url, body, output) {
  const stop = new AbortController();
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, { method: method.toUpperCase(), headers, body, signal: stop.signal });
  const head = `${method.toUpperCase()} ${url}\n${response.status} ${response.statusText}\n\n`;
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await showStream(response, stop, head, output);
    return;
  }
  const text = await response.text();
  output.textContent = head + pretty(text);
}

// A stream has no end: shows a few seconds of it, then closes it.
async function showStream(response, stop, head, output) {
  output.textContent = head;
  setTimeout(() => stop.abort(), STREAM_SECONDS * 1000);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) output.textContent += part.value;
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
    output.textContent += `(closed after ${STREAM_SECONDS} s)`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function resolve(api, schema) {
  const name = schema?.$ref?.split('/').pop();
  return name ? api.components.schemas[name] : schema;
}

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
