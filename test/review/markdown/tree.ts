import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

export interface Part {
  readonly type: string;
  readonly value?: string;
  readonly lang?: string | null;
  readonly url?: string;
  readonly ordered?: boolean | null;
  readonly children?: readonly Part[];
}

/** Every node of Markdown as GitHub parses it, parents before children. */
export function partsOf(markdown: string): Part[] {
  const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }) as Part;
  const parts: Part[] = [];
  const waiting: Part[] = [tree];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    parts.push(part);
    waiting.push(...[...(part.children ?? [])].reverse());
  }
  return parts;
}
