import { createInterface } from 'node:readline/promises';
import type { z } from 'zod';
import {
  ENGINES,
  type Engine,
  LINKS,
  type Link,
  MOST_SITES,
  ROUTERS,
  type RouterKind,
} from '../start/index.ts';
import { repositoryURL } from '../topology/external.ts';
import { withoutSecrets } from '../topology/fault.ts';
import { machineName } from '../topology/names.ts';
import { toStderr } from './terminal.ts';

/** What the command line says of a new repository, or somebody at a terminal. */
export interface Said {
  readonly name?: string | undefined;
  readonly sites?: number | undefined;
  readonly link?: Link | undefined;
  readonly engine?: Engine | undefined;
  readonly router?: RouterKind | undefined;
  readonly repoUrl?: string | undefined;
}

/** The default of each. */
export interface Usual {
  readonly name: string;
  readonly sites: number;
  readonly link: Link;
  readonly engine: Engine;
  readonly router: RouterKind;
  readonly repoURL: string | undefined;
}

/** Asks one thing after the other, an empty line being the default; undefined if the input ends before the last answer. */
export async function ask(usual: Usual): Promise<Said | undefined> {
  const lines = linesOfInput();
  try {
    const name = await answer(lines, 'Name of the network', usual.name, (name) => said(nameObjection(name)));
    const sites = Number(await answer(lines, 'How many sites', String(usual.sites), counted));
    const link = sites === 1 ? undefined : await choose(lines, 'What links them', LINKS, usual.link);
    const engine = await choose(lines, 'Which GitOps engine', ENGINES, usual.engine);
    const router = await choose(
      lines,
      'Routers: bird, of which noencap writes all, or include, for a bird.conf that you have',
      ROUTERS,
      usual.router,
    );
    const repoUrl = await answer(
      lines,
      'Where will this repository be, as the engine reads it',
      usual.repoURL ?? '',
      (url) => (url === '' ? undefined : said(urlObjection(url))),
    );
    return { name, sites, link, engine, router, repoUrl: repoUrl === '' ? undefined : repoUrl };
  } catch (error) {
    if (error === ENDED) return undefined;
    throw error;
  } finally {
    lines.close();
  }
}

interface Lines {
  next(): Promise<string>;
  close(): void;
}

const ENDED = new Error('the input has ended');

/** The terminal itself edits and shows what is typed: nothing of it is printed again. */
function linesOfInput(): Lines {
  const reading = createInterface({ input: process.stdin, terminal: false });
  const lines = reading[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await lines.next();
      if (done === true) throw ENDED;
      return value.trim();
    },
    close: () => reading.close(),
  };
}

/** Asks until `wrong` has no objection. */
async function answer(
  lines: Lines,
  question: string,
  usual: string,
  wrong: (text: string) => string | undefined,
): Promise<string> {
  for (;;) {
    toStderr(`${question}?${usual === '' ? '' : ` [${usual}]`} `);
    const text = (await lines.next()) || usual;
    const why = wrong(text);
    if (why === undefined) return text;
    toStderr(`  ${why}\n`);
  }
}

async function choose<Choice extends string>(
  lines: Lines,
  question: string,
  choices: readonly Choice[],
  usual: Choice,
): Promise<Choice> {
  const meant = (text: string): Choice | undefined => {
    const found = choices.filter((one) => one.startsWith(text.toLowerCase()));
    return found.length === 1 ? found[0] : choices.find((one) => one === text.toLowerCase());
  };
  const text = await answer(lines, `${question} (${choices.join(', ')})`, usual, (one) =>
    meant(one) === undefined ? `One of ${choices.join(', ')}.` : undefined,
  );
  return meant(text) as Choice;
}

const counted = (text: string): string | undefined =>
  /^[1-9]\d?$/.test(text) && Number(text) <= MOST_SITES ? undefined : `A number from 1 to ${MOST_SITES}.`;

/** What is wrong with an answer, and what would be right. */
interface Objection {
  readonly message: string;
  readonly fix: string;
}

/** In the words of the topology's own rule. */
export const nameObjection = (name: string): Objection | undefined =>
  objection(machineName.safeParse(name).error);

export const urlObjection = (url: string): Objection | undefined =>
  objection(repositoryURL.safeParse(url).error);

function objection(error: z.ZodError | undefined): Objection | undefined {
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return undefined;
  const { fix } = issue.code === 'custom' ? (issue.params ?? {}) : {};
  return { message: withoutSecrets(issue.message), fix: typeof fix === 'string' ? fix : 'Give another one.' };
}

const said = (wrong: Objection | undefined): string | undefined => wrong && `${wrong.message}. ${wrong.fix}`;
