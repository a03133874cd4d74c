import { connect } from 'node:net';
import { withoutCode } from '../bird/answers/line.ts';
import { type Heard, heard, type Most } from '../machine/index.ts';

/** A reply of BIRD's control socket: its last code, and the text of all its lines without codes. */
export interface Reply {
  readonly code: number;
  readonly text: string;
}

const MIB = 2 ** 20;

/** The limit of one answer: more than all routes of the largest network that fits into a lab. */
export const MOST: Most = { bytes: 64 * MIB, lines: MIB, line: MIB };

/** Milliseconds. A BIRD on a busy machine answers late; the socket of one that has ended refuses at once. */
const PATIENCE = 120_000;

/**
 * Asks a BIRD, 1.6 or 2, over its control socket: what `birdc` would print, without a process for each question. Undefined
 * if there is no answer in time and within the limit. Source: doc/reply_codes; `1234-` continues, `1234 ` ends, a space repeats the code
 * before.
 */
export const askBird = async (socket: string, command: string, most = MOST): Promise<Reply | undefined> =>
  (await askBirdEach(socket, [command], most))[0];

/** The same for several questions, over one connection: the replies in order, as far as there are any. */
export function askBirdEach(socket: string, commands: readonly string[], most = MOST): Promise<Reply[]> {
  return new Promise((done) => {
    const connection = connect(socket);
    const received = heard(most);
    const replies: Reply[] = [];
    let asked = -1;
    const end = () => {
      clearTimeout(timer);
      connection.destroy();
      done(replies);
    };
    const timer = setTimeout(end, PATIENCE);
    connection.on('error', end);
    connection.on('close', end);
    connection.on('data', (chunk) => {
      if (!received.add(chunk)) return end();
      const reply = complete(received);
      if (reply === undefined) return;
      // The first reply is BIRD's greeting.
      if (asked >= 0) replies.push(reply);
      asked += 1;
      received.cut(0);
      const next = commands[asked];
      if (next === undefined) end();
      else connection.write(`${next}\n`);
    });
  });
}

/** Bytes. Long enough for the line that ends a reply: its code and text. */
const TAIL = 16 * 1024;

function complete(received: Heard): Reply | undefined {
  const last = /(?:^|\n)(\d{4}) [^\n]*\n$/.exec(received.tail(TAIL));
  if (last === null) return undefined;
  const lines = received.text().slice(0, -1).split('\n');
  return { code: Number(last[1]), text: `${lines.map(withoutCode).join('\n').trimEnd()}\n` };
}
