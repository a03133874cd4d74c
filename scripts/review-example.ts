import { readFileSync, writeFileSync } from 'node:fs';
import { applyPatch } from 'diff';
import { smallestPodMtu } from '../analysis/index.ts';
import { buildFabric } from '../fabric/index.ts';
import { render } from '../repository/render.ts';
import { NO_TRUST_FILES, review, type State } from '../review/index.ts';
import { reviewMarkdown } from '../review/markdown/markdown.ts';
import { loadTopology } from '../topology/index.ts';

const PAGE = 'docs/read-a-review.md';
const [BEGIN, END] = ['<!-- the comment -->\n', '<!-- its end -->\n'];

/** The page on reviews, with the comment that the page's change to our topology gets. */
export function pageWithExample(): string {
  const page = readFileSync(PAGE, 'utf8');
  const [, patch = ''] = /^```diff\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const topology = readFileSync('test/fixture/report/topology.yaml', 'utf8');
  const changed = applyPatch(topology, patch);
  if (changed === false) throw new Error(`${PAGE}: its patch does not fit topology.yaml`);
  const told = review(state('main', topology), state('pull request 7', changed), {
    accepted: false,
    rehearsal: null,
    notes: [],
  });
  // Short enough that files are only named: a page about reviews is not about the text of an install script.
  const { text } = reviewMarkdown(told, { limit: 7_000, unit: 'characters', details: undefined });
  const [before, after] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  return `${page.slice(0, before)}\n${text}\n${page.slice(after)}`;
}

function state(name: string, text: string): State {
  const loaded = loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) });
  if (!loaded.ok) throw new Error(`${name} has faults`);
  const fabric = buildFabric(loaded.topology, smallestPodMtu);
  const placeOf: State['placeOf'] = (path) => {
    const at = loaded.source.locate(path);
    return { file: 'topology.yaml', ...(at && { line: at.line, column: at.column }) };
  };
  return {
    name,
    commit: undefined,
    fabric,
    files: render(fabric, undefined).files,
    trust: NO_TRUST_FILES,
    placeOf,
  };
}

if (process.argv[1]?.endsWith('review-example.ts')) writeFileSync(PAGE, pageWithExample());
