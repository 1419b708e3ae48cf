import { decisionsIndex, readDecision } from './decisions';

describe('the index of decisions', () => {
  it('tells titles, and which later decisions speak of one', () => {
    const rows = decisionsIndex().split('\n');
    const row = rows.find((line) => line.startsWith('| 149 |'))!;
    expect(row).toContain('[A dense log is trained on longer, with more of each user](0149-dense-logs.md)');
    expect(row).toContain('[171](0171-epochs-that-may-be.md)');
    expect(rows.find((line) => line.startsWith('| 171 |'))).not.toContain('0149-dense-logs.md)');
  });

  it('takes the number and the title of the first line, and each link once', () => {
    const { number, title, links } = readDecision(
      '0007-a.md',
      '# 7. A `thing`\n\nAs [3](0003-b.md) and [3](0003-b.md#c).\n',
    );
    expect([number, title, [...links]]).toEqual([7, 'A `thing`', [3]]);
  });

  it.each(['# 8. Another\n', 'no title\n'])('refuses a file that begins with %j', (text) => {
    expect(() => readDecision('0007-a.md', text)).toThrow('docs/decisions/0007-a.md must begin with "# 7. TITLE"');
  });
});
