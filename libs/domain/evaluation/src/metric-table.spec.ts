import { type MetricTable, metricValue, renderTable, tableToJson, tableToMetrics } from './metric-table';

const table: MetricTable = [
  { name: 'candidates.recall@100', scorer: 'model', value: 0.51234, interval: { low: 0.4, high: 0.6 } },
  { name: 'ranking.watch_time_mae', scorer: 'model', value: 123.456 },
  { name: 'candidates.recall@100', scorer: 'popularity', value: NaN },
];

describe('metric tables', () => {
  it('render one aligned line per number, metrics of one name together', () => {
    expect(renderTable(table).split('\n')).toEqual([
      'metric                  scorer       value  95% interval',
      '----------------------  ----------  ------  ----------------',
      'candidates.recall@100   model       0.5123  0.4000 to 0.6000',
      '                        popularity     NaN',
      'ranking.watch_time_mae  model        123.5',
    ]);
  });

  it('become JSON with null for what could not be measured', () => {
    expect(JSON.parse(JSON.stringify(tableToJson(table)))).toEqual([
      { name: 'candidates.recall@100', scorer: 'model', value: 0.51234, interval95: [0.4, 0.6] },
      { name: 'ranking.watch_time_mae', scorer: 'model', value: 123.456 },
      { name: 'candidates.recall@100', scorer: 'popularity', value: null },
    ]);
  });

  it('become manifest metrics without what could not be measured', () => {
    expect(tableToMetrics(table).map(({ name, scorer }) => `${name} ${scorer}`)).toEqual([
      'candidates.recall@100 model',
      'ranking.watch_time_mae model',
    ]);
    expect(metricValue(table, 'candidates.recall@100', 'model')).toBe(0.51234);
    expect(metricValue(table, 'candidates.recall@100', 'oracle')).toBeNaN();
  });
});
