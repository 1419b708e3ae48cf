/** A service answered with an error, or with something that is no answer; `status` is 0 where no answer came. */
export class AnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'AnswerError';
  }
}

const TIMEOUT_MS = 10_000;

/** What a service tells by GET. */
export class JsonClient {
  /** @param service its name, as "gateway" @param headers of each request, as an API key */
  constructor(
    private readonly service: string,
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** @throws AnswerError */
  async get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    const { service, url, headers } = this;
    let response: Response;
    let text: string;
    try {
      const limit = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(new URL(path, url), {
        headers,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      text = await response.text();
    } catch (error) {
      throw new AnswerError(0, `the ${service} at ${url} did not answer: ${describe(error)}`, { cause: error });
    }
    if (!response.ok)
      throw new AnswerError(response.status, `GET ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    try {
      return JSON.parse(text) as Answer;
    } catch (error) {
      throw new AnswerError(response.status, `GET ${path} answered something that is no JSON`, { cause: error });
    }
  }
}

/** fetch says only "fetch failed"; its cause says why. */
function describe(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
