/** Renders /openapi.json: routes, parameters, bodies, answers. */
import { readOpenApi } from './api.js';
import { byId, h } from './dom.js';

function rules(schema = {}) {
  const { type, minimum, maximum, minLength, maxLength, enum: values, default: fallback } = schema;
  return [
    values ? values.join(' | ') : type,
    minimum !== undefined || maximum !== undefined ? `${minimum ?? ''}–${maximum ?? ''}` : undefined,
    maxLength !== undefined ? `${minLength ?? 0}–${maxLength} characters` : undefined,
    fallback !== undefined ? `default ${fallback}` : undefined,
  ]
    .filter((rule) => rule !== undefined)
    .join(', ');
}

/** An example-like outline of a schema: names and types. */
function outline(schema) {
  if (schema?.type === 'object') {
    if (!schema.properties) return { '…': outline(schema.additionalProperties) };
    const named = Object.entries(schema.properties).map(([name, value]) => [
      schema.required?.includes(name) ? name : `${name}?`,
      outline(value),
    ]);
    return Object.fromEntries(
      schema.additionalProperties ? [...named, ['…', outline(schema.additionalProperties)]] : named,
    );
  }
  if (schema?.type === 'array') return [outline(schema.items)];
  if (schema?.enum) return schema.enum.join(' | ');
  if (schema?.anyOf) return schema.anyOf.map(outline).join(' | ');
  return `${schema?.type ?? 'any'}${schema?.nullable ? ' | null' : ''}`;
}

const code = (value) => h('pre', { tabindex: '0' }, JSON.stringify(value, null, 2));

/** What a request carries, by content type. */
function bodyParts({ required, description, content }) {
  const kinds = Object.entries(content).flatMap(([type, { schema, example }]) => [
    h('p', {}, h('code', {}, type), required ? ', required' : ', may be left out'),
    schema?.description ? h('p', { class: 'note' }, schema.description) : undefined,
    schema?.type === 'object' ? code(outline(schema)) : undefined,
    example === undefined ? undefined : [h('p', { class: 'note' }, 'For example:'), code(example)],
  ]);
  return [h('h3', {}, 'Body'), description ? h('p', { class: 'note' }, description) : undefined, ...kinds].flat();
}

function parameterTable(parameters) {
  const rows = parameters.map(({ name, in: where, required, schema, description }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('code', {}, name)),
      h('td', {}, `${where}${required ? ', required' : ''}`),
      h('td', {}, rules(schema)),
      h('td', {}, description ?? schema?.description ?? ''),
    ),
  );
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Parameters' },
    h('table', {}, h('tbody', {}, rows)),
  );
}

function route(path, method, { summary, description, parameters = [], requestBody, responses = {} }) {
  const answers = Object.entries(responses).map(([status, { description: when, content }]) => {
    const schema = content?.['application/json']?.schema;
    if (status !== '200' || !schema) return h('p', {}, h('strong', {}, status), ` ${when}`);
    return h('details', {}, h('summary', {}, h('strong', {}, status), ` ${when}`), code(outline(schema)));
  });
  return h(
    'section',
    {},
    h('h2', {}, h('span', { class: 'method' }, method.toUpperCase()), ' ', h('code', {}, path)),
    h('p', {}, summary ?? ''),
    description ? h('p', { class: 'note' }, description) : undefined,
    parameters.length > 0 ? [h('h3', {}, 'Parameters'), parameterTable(parameters)] : [],
    requestBody ? bodyParts(requestBody) : [],
    h('h3', {}, 'Answers'),
    answers,
  );
}

async function show() {
  byId('status').textContent = 'Loading…';
  byId('status').classList.remove('error');
  byId('retry').hidden = true;
  try {
    const { info, paths } = await readOpenApi();
    byId('about').textContent = info.description;
    byId('routes').replaceChildren(
      ...Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => route(path, method, operation)),
      ),
    );
    byId('status').textContent = '';
  } catch (error) {
    console.error(error);
    byId('status').textContent = `The description of the API does not come: ${error.message}`;
    byId('status').classList.add('error');
    byId('retry').hidden = false;
  }
}

byId('retry').addEventListener('click', show);
await show();
