import { execFileSync } from 'node:child_process';

/** Mermaid's verdict on a drawing. */
export interface Parsed {
  /** Undefined if mermaid accepts it. */
  readonly error?: string;
  readonly boxes: readonly { id: string; text: string; classes: readonly string[]; labelType: string }[];
  readonly lines: readonly { start: string; end: string; text: string; stroke: string }[];
  readonly regions: readonly { id: string; title: string; nodes: readonly string[] }[];
}

/**
 * Lets mermaid itself parse drawings, all in one separate process: it consists of many ES modules and needs a document, and jest offers
 * neither.
 */
export const parseDrawings = (drawings: readonly string[]): Parsed[] =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      input: JSON.stringify(drawings),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }),
  ) as Parsed[];

const PROGRAM = `
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';
const { window } = new JSDOM('<!doctype html><body></body>');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');
mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
const results = [];
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const config = mermaid.mermaidAPI.getConfig();
    results.push({
      boxes: [...db.getVertices().values()].map(({ id, text, classes, labelType }) => ({ id, text, classes, labelType })),
      lines: db.getEdges().map(({ start, end, text, stroke }) => ({ start, end, text, stroke })),
      regions: db.getSubGraphs().map(({ id, title, nodes }) => ({ id, title, nodes })),
    });
  } catch (error) {
    results.push({ error: String(error.message), boxes: [], lines: [], regions: [] });
  }
}
process.stdout.write(JSON.stringify(results));
`;
