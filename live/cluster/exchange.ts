import { request as plainly } from 'node:http';
import { request as encrypted, type RequestOptions } from 'node:https';

/** One answer of a server. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The server's clock, in milliseconds. */
  readonly date: number | undefined;
  /** Seconds, as it asks. */
  readonly retryAfter: number | undefined;
}

/** Why there is no answer. */
export type NoAnswer =
  | { readonly is: 'late' }
  | { readonly is: 'too-large' }
  | { readonly is: 'broken'; readonly error: Error };

export interface Limits {
  /** Milliseconds, for the whole answer. */
  readonly time: number;
  readonly bytes: number;
}

/** One request, a GET by default, which `options.signal` ends. It follows no redirect: credentials are for this server only. */
export function exchange(
  url: URL,
  options: RequestOptions,
  { time, bytes }: Limits,
  body?: string,
): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    const start = url.protocol === 'http:' ? plainly : encrypted;
    const asked = start(url, { method: 'GET', ...options }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > bytes) return end({ is: 'too-large' });
        chunks.push(chunk);
      });
      answer.on('error', (error) => end({ is: 'broken', error }));
      answer.on('end', () => {
        const { headers, statusCode = 0 } = answer;
        const date = Date.parse(headers.date ?? '');
        const wait = Number(headers['retry-after'] ?? Number.NaN);
        end({
          status: statusCode,
          body: Buffer.concat(chunks).toString('utf8'),
          date: Number.isNaN(date) ? undefined : date,
          retryAfter: Number.isInteger(wait) && wait >= 0 ? wait : undefined,
        });
      });
    });
    const timer = setTimeout(() => end({ is: 'late' }), time);
    const end = (result: Answer | NoAnswer): void => {
      clearTimeout(timer);
      resolve(result);
      if (!('status' in result)) asked.destroy();
    };
    asked.on('error', (error) => end({ is: 'broken', error }));
    asked.end(body);
  });
}
