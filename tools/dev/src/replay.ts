/** Asks a running app what was recorded, and shows its answers beside those. */
import type { ServiceError } from '@grpc/grpc-js';
import type { ReplayResult } from './apps/scene';
import type { Exchange } from './recording';

/** Native libraries may round differently on another processor. */
const RELATIVE_TOLERANCE = 1e-4;

export const isClose = (a: number, b: number) =>
  Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));

type UnaryCall<Request, Response> = (
  request: Request,
  done: (error: ServiceError | null, response: Response) => void,
) => unknown;

interface Comparison<Request, Response> {
  titleOf(request: Request): string;
  describe(response: Response): string;
  isSame(answer: Response, recorded: Response): boolean;
}

/** @throws ServiceError for a request that is refused */
export async function askAll<Request, Response>(
  exchanges: readonly Exchange<Request, Response>[],
  call: UnaryCall<Request, Response>,
  { titleOf, describe, isSame }: Comparison<Request, Response>,
  say: (line: string) => void,
): Promise<ReplayResult> {
  let sameCount = 0;
  for (const { request, response: recorded } of exchanges) {
    const answer = await new Promise<Response>((resolve, reject) =>
      call(request, (error, response) => (error ? reject(error) : resolve(response))),
    );
    const same = isSame(answer, recorded);
    if (same) sameCount++;
    say(`${titleOf(request)}\n  ${describe(answer)}`);
    if (!same) say(`  recorded: ${describe(recorded)}`);
  }
  return { askedCount: exchanges.length, sameCount };
}
