import { connect } from 'node:net';

/** A reply of BIRD's control socket: its last code, and the text of all its lines without codes. */
export interface Reply {
  readonly code: number;
  readonly text: string;
}

/**
 * Asks a BIRD, 1.6 or 2, over its control socket: what `birdc` would print, without a process for each question. Undefined
 * if nobody answers. Source: doc/reply_codes; `1234-` continues, `1234 ` ends, a space repeats the code before.
 */
export function askBird(socket: string, command: string, timeout = 5000): Promise<Reply | undefined> {
  return new Promise((done) => {
    const connection = connect(socket).setEncoding('utf8').setTimeout(timeout);
    let received = '';
    let greeted = false;
    const end = (reply: Reply | undefined) => {
      connection.destroy();
      done(reply);
    };
    connection.on('error', () => end(undefined));
    connection.on('timeout', () => end(undefined));
    connection.on('close', () => end(undefined));
    connection.on('data', (chunk) => {
      received += chunk;
      const reply = complete(received);
      if (reply === undefined) return;
      if (greeted) return end(reply);
      greeted = true;
      received = '';
      connection.write(`${command}\n`);
    });
  });
}

function complete(received: string): Reply | undefined {
  if (!received.endsWith('\n')) return undefined;
  const lines = received.slice(0, -1).split('\n');
  const last = /^(\d{4}) /.exec(lines.at(-1) ?? '');
  if (last === null) return undefined;
  const text = lines.map((line) => (/^\d{4}[- ]/.test(line) ? line.slice(5) : line.replace(/^ /, '')));
  return { code: Number(last[1]), text: `${text.join('\n').trimEnd()}\n` };
}
