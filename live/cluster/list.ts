import { setTimeout as sleep } from 'node:timers/promises';
import type { Read, Unread } from '../../verify/cluster-look.ts';
import type { Connection } from './connection.ts';
import type { Answer, NoAnswer } from './exchange.ts';
import { failureOf } from './failure.ts';
import { type Fields, fieldsIn, fieldsOf, text } from './fields.ts';

/** How much is read of one list. */
export interface Patience {
  /** Objects in one answer. */
  readonly page: number;
  /** Of a whole list. */
  readonly items: number;
  readonly pages: number;
  readonly pageBytes: number;
  readonly bytes: number;
  /** Milliseconds: for one answer, and for a whole list. */
  readonly pageTime: number;
  readonly time: number;
  /** Milliseconds that a second of waiting lasts. */
  readonly second: number;
}

/** 10,000 nodes are about 150 MB, of which one page at a time is kept. */
export const PATIENCE: Patience = {
  page: 250,
  items: 250_000,
  pages: 2_000,
  pageBytes: 64 * 1024 * 1024,
  bytes: 1024 * 1024 * 1024,
  pageTime: 30_000,
  time: 120_000,
  second: 1000,
};

/** How often a list begins again whose pages have expired: the server keeps them for five minutes. */
const BEGINNINGS = 3;

/** A collection of the API, and its name in messages. */
export interface Collection {
  readonly path: string;
  readonly what: string;
  /** Only objects with these, as in `kubectl get -l`. */
  readonly labels?: string;
}

/**
 * All objects of a collection, page by page, each made small by `read` before the next page is fetched. An object that `read` does not
 * understand makes the list unknown: it might be the one that matters.
 */
export async function list<T>(
  connection: Connection,
  { path, what, labels }: Collection,
  read: (object: Fields) => T | undefined,
  patience = PATIENCE,
): Promise<Read<readonly T[]>> {
  const until = Date.now() + patience.time;
  const unread = (because: Unread['because'], evidence: string) =>
    ({ ok: false, why: { because, what, evidence: [evidence] } }) as const;
  let beginnings = 0;
  let bytes = 0;
  begin: for (;;) {
    beginnings += 1;
    const found: T[] = [];
    let next = '';
    for (let page = 0; page < patience.pages; page += 1) {
      const query = new URLSearchParams({
        limit: String(patience.page),
        ...(labels === undefined ? {} : { labelSelector: labels }),
        ...(next === '' ? {} : { continue: next }),
      });
      const answer = await patiently(connection, `${path}?${query}`, patience, until);
      if ('status' in answer && answer.status === 410 && next !== '' && beginnings < BEGINNINGS)
        continue begin;
      if (!('status' in answer) || answer.status !== 200)
        return { ok: false, why: await failureOf(connection, what, answer) };
      bytes += answer.body.length;
      const body = fieldsIn(answer.body);
      if (body === undefined || !Array.isArray(body.items))
        return unread('not-understood', 'the answer is no list');
      if (bytes > patience.bytes || found.length + body.items.length > patience.items)
        return unread('too-large', `more than ${found.length} objects are more than noencap reads`);
      for (const item of body.items) {
        const one = read(fieldsOf(item));
        if (one === undefined)
          return unread('not-understood', `object ${found.length + 1} of the list lacks what every one has`);
        found.push(one);
      }
      next = text(fieldsOf(body.metadata).continue) ?? '';
      if (next === '') return { ok: true, value: found };
    }
    return unread('too-large', `the list does not end after ${patience.pages} pages`);
  }
}

/** Waits at most this many seconds for a server that is busy. */
const LONGEST_WAIT = 10;
const TRIES = 3;

/** One answer; a busy server is asked again, after the time that it asks for. */
export async function patiently(
  connection: Connection,
  path: string,
  { pageTime, pageBytes, second }: Patience,
  until: number,
): Promise<Answer | NoAnswer> {
  for (let tried = 1; ; tried += 1) {
    const time = Math.min(pageTime, until - Date.now());
    if (time <= 0) return { is: 'late' };
    const answer = await connection.get(path, { time, bytes: pageBytes });
    const isBusy = 'status' in answer && (answer.status === 429 || answer.status >= 500);
    if (!isBusy || tried === TRIES) return answer;
    const wait = (answer.retryAfter ?? tried) * second;
    if (wait > LONGEST_WAIT * second || Date.now() + wait >= until) return answer;
    // An interrupt ends the next request, which says so.
    await sleep(wait, undefined, { ...(connection.stop && { signal: connection.stop }) }).catch(() => {});
  }
}
