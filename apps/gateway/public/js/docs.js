/** Renders /openapi.json: routes, parameters, answers. */
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
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [
        schema.required?.includes(name) ? name : `${name}?`,
        outline(value),
      ]),
    );
  }
  if (schema?.type === 'array') return [outline(schema.items)];
  if (schema?.enum) return schema.enum.join(' | ');
  if (schema?.anyOf) return schema.anyOf.map(outline).join(' | ');
  return `${schema?.type ?? 'any'}${schema?.nullable ? ' | null' : ''}`;
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
  return h('div', { class: 'scroll' }, h('table', {}, h('tbody', {}, rows)));
}

function route(path, method, { summary, description, parameters = [], responses = {} }) {
  const answers = Object.entries(responses).map(([status, { description: when, content }]) => {
    const schema = content?.['application/json']?.schema;
    if (status !== '200' || !schema) return h('p', {}, h('strong', {}, status), ` ${when}`);
    return h(
      'details',
      {},
      h('summary', {}, h('strong', {}, status), ` ${when}`),
      h('pre', {}, JSON.stringify(outline(schema), null, 2)),
    );
  });
  return h(
    'section',
    {},
    h('h2', {}, h('span', { class: 'method' }, method.toUpperCase()), h('code', {}, path)),
    h('p', {}, summary ?? ''),
    description ? h('p', { class: 'note' }, description) : undefined,
    parameters.length > 0 ? [h('h3', {}, 'Parameters'), parameterTable(parameters)] : [],
    h('h3', {}, 'Answers'),
    answers,
  );
}

const { info, paths } = await (await fetch('/openapi.json')).json();
byId('about').textContent = info.description;
byId('routes').append(
  ...Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => route(path, method, operation)),
  ),
);
