import { Writable } from 'node:stream';
import pino from 'pino';
import { nestLogger } from './nest-logger';

describe("Nest's lines in our logs", () => {
  const make = () => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
        done();
      },
    });
    return { lines, nest: nestLogger(pino({ level: 'trace', base: null }, sink)) };
  };

  it('have their level and the name of the part that speaks', () => {
    const { lines, nest } = make();
    nest.log('started', 'NestApplication');
    nest.warn('slow', 'RoutesResolver');
    nest.verbose!('all of it', 'Injector');
    expect(lines).toMatchObject([
      { level: 20, msg: 'started', context: 'NestApplication' },
      { level: 40, msg: 'slow', context: 'RoutesResolver' },
      { level: 10, msg: 'all of it', context: 'Injector' },
    ]);
  });

  it('tell an error with its stack, however it was handed over', () => {
    const { lines, nest } = make();
    const error = new Error('broken');
    nest.error(error, 'ExceptionsHandler');
    nest.error('broken', error.stack, 'ExceptionsHandler');
    expect(lines[0]).toMatchObject({
      level: 50,
      msg: 'broken',
      context: 'ExceptionsHandler',
      err: { stack: error.stack },
    });
    expect(lines[1]).toMatchObject({ level: 50, msg: 'broken', context: 'ExceptionsHandler', stack: error.stack });
  });

  it('keep what is no text', () => {
    const { lines, nest } = make();
    nest.debug!({ routes: 3 }, 'RoutesResolver');
    expect(lines).toMatchObject([{ level: 20, context: 'RoutesResolver', details: { routes: 3 } }]);
  });
});
