const REDIRECTS = 3;

/**
 * `fetch` for a client that holds a token: it asks no other host, wherever an answer points, and waits no longer than told.
 * Answers are read whole, so that one that breaks off fails here and is asked for again.
 */
export function guardedFetch(api: string, patience: () => number): typeof fetch {
  const { origin } = new URL(api);
  return async (input, init) => {
    const signal = AbortSignal.timeout(Math.max(1, patience()));
    let url = new URL(String(input));
    if (url.origin !== origin) throw new TypeError(`${url.origin} is not ${origin}`);
    for (let redirects = 0; ; redirects++) {
      const answer = await whole(url, { ...init, redirect: 'manual', signal });
      const target = redirectOf(answer, url, init?.method ?? 'GET');
      if (target === undefined || target.origin !== origin || redirects === REDIRECTS) return answer;
      url = target;
    }
  };
}

async function whole(url: URL, init: RequestInit): Promise<Response> {
  try {
    const answer = await fetch(url, init);
    const { status, headers } = answer;
    const text = await textOf(answer);
    return new Response([204, 205, 304].includes(status) ? null : text, { status, headers });
  } catch (error) {
    // fetch itself only ever says "fetch failed"; the cause of several addresses has no message, but a code.
    const { message, cause } = error as { message: string; cause?: { message?: string; code?: string } };
    throw new Error(cause?.message || cause?.code || message);
  }
}

/** Bytes: a page of a hundred comments of the largest size is 7 MB. */
const MOST = 2 ** 25;

async function textOf({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MOST) throw new Error(`the answer is longer than ${MOST} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Where to ask again. GitHub sends 307 and 308 for what must be asked with the same method; a repository that was renamed does. */
function redirectOf(answer: Response, url: URL, method: string): URL | undefined {
  const follows = method === 'GET' ? [301, 302, 307, 308] : [307, 308];
  const location = answer.headers.get('location');
  if (!follows.includes(answer.status) || location === null || !URL.canParse(location, url.href))
    return undefined;
  return new URL(location, url);
}
