/** What one BGP protocol of a router runs with: its own statements over those of its template. */
export interface BgpProtocol {
  readonly name: string;
  readonly neighbor: string;
  /** By option, `ipv4/table` for one of a channel; a filter's value is its text with that of the functions it calls. */
  readonly options: ReadonlyMap<string, string>;
}

/**
 * The BGP protocols in the rendered files of one router, in the form in which routers/ prints them: a statement a line. `constants`
 * are the names whose values stand in the router's own bird.conf.
 */
export function bgpProtocols(
  files: ReadonlyMap<string, string>,
  constants: ReadonlyMap<string, string>,
): BgpProtocol[] {
  const statements = [...files]
    .filter(([path]) => path.endsWith('.conf'))
    .flatMap(([, text]) => parse(text.split('\n')));
  const defined = new Map(constants);
  for (const { words } of statements) {
    const [, name, value] = /^define (\S+) = (.+)$/.exec(words) ?? [];
    if (name !== undefined && value !== undefined) defined.set(name, value);
  }
  const functions = new Map(
    statements.flatMap((one) => {
      const name = /^function (\w+)\(/.exec(one.words)?.[1];
      return name === undefined ? [] : [[name, textOf(one)] as const];
    }),
  );
  const templates = new Map(
    statements.flatMap((one) => {
      const name = /^template bgp (\S+)$/.exec(one.words)?.[1];
      return name === undefined ? [] : [[name, one.body] as const];
    }),
  );
  return statements.flatMap((one): BgpProtocol[] => {
    const [, name, template = ''] = /^protocol bgp '([^']+)'(?: from (\S+))?$/.exec(one.words) ?? [];
    if (name === undefined) return [];
    const options = new Map<string, string>();
    for (const statement of [...(templates.get(template) ?? []), ...one.body]) {
      for (const [key, value] of optionsIn(statement, functions)) options.set(key, resolved(value, defined));
    }
    return [{ name, neighbor: options.get('neighbor') ?? '', options }];
  });
}

interface Statement {
  /** Without the brace or the semicolon at its end. */
  readonly words: string;
  readonly body: readonly Statement[];
}

function parse(lines: readonly string[]): Statement[] {
  const top: Statement[] = [];
  const open: Statement[][] = [top];
  for (const line of lines.map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (/^\};?$/.test(line)) {
      open.pop();
      continue;
    }
    const body: Statement[] = [];
    open.at(-1)?.push({ words: line.replace(/\s*[{;]$/, ''), body });
    if (line.endsWith('{')) open.push(body);
  }
  return top;
}

const textOf = ({ words, body }: Statement): string =>
  body.length === 0 ? words : `${words} { ${body.map(textOf).join('; ')} }`;

/** Options that take a value behind several words; all others are called by their first word. */
const NAMES = [
  'local as',
  'neighbor as',
  'router id',
  'hold time',
  'graceful restart',
  'rr client',
  'rr cluster id',
  'source address',
  'import filter',
  'export filter',
  'import limit',
  'next hop self',
  'next hop keep',
  'extended next hop',
  'igp table',
];

function optionsIn(statement: Statement, functions: ReadonlyMap<string, string>): [string, string][] {
  const { words, body } = statement;
  if (/^ipv[46]$/.test(words)) {
    const inner = body.flatMap((one) => optionsIn(one, functions));
    return [[words, 'on'], ...inner.map(([key, value]): [string, string] => [`${words}/${key}`, value])];
  }
  const name = NAMES.find((one) => words === one || words.startsWith(`${one} `)) ?? words.split(' ')[0] ?? '';
  if (body.length === 0) return [[name, words.slice(name.length).trim() || 'on']];
  const text = textOf(statement);
  const called = [...functions].filter(([one]) => text.includes(`${one}(`)).map(([, own]) => own);
  return [[name, [text, ...called].join('\n')]];
}

/** A constant that the value is, or names of constants in it. */
const resolved = (value: string, defined: ReadonlyMap<string, string>): string =>
  value
    .split(' ')
    .map((word) => defined.get(word) ?? word)
    .join(' ');
