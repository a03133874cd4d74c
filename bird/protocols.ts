import { type Problem, problem } from '../topology/problem.ts';
import { OPTION_NAMES } from './options.ts';
import { type BirdStatement, placeOf, statementText, type Token, wordsText } from './parser.ts';

/** A router's configuration, as far as its BGP sessions are concerned. */
export interface BirdConfig {
  readonly constants: ReadonlyMap<string, string>;
  /** Of the whole daemon, if the configuration sets it. */
  readonly routerId: string | undefined;
  readonly protocols: readonly BgpProtocol[];
  /** The options that a protocol would inherit from each template alone. */
  readonly templates: readonly BgpProtocol[];
  readonly problems: readonly Problem[];
}

/** The effective options of a BGP protocol: its own statements over those of its templates. */
export interface BgpProtocol {
  readonly name: string;
  readonly at: Token;
  /** By option, `ipv4/table` for one of a channel; constants are resolved, filters include the text of what they call. */
  readonly options: ReadonlyMap<string, string>;
  /** The same before constants are resolved, as in the file. */
  readonly written: ReadonlyMap<string, string>;
  /** Its filters as written, by the option's name. */
  readonly filters: ReadonlyMap<string, BirdStatement>;
}

/**
 * The BGP protocols of a configuration, with templates resolved. `givenConstants`: those of missing files, since the rendered
 * files leave them to the router's own bird.conf.
 */
export function birdConfig(
  statements: readonly BirdStatement[],
  givenConstants: ReadonlyMap<string, string> = new Map(),
): BirdConfig {
  const problems: Problem[] = [];
  const constants = new Map(givenConstants);
  const named = new Map<string, BirdStatement>();
  const templates = new Map<string, BirdStatement>();
  let routerId: string | undefined;
  for (const one of statements) {
    const [first, second, third] = one.words.map(({ text }) => text);
    if (first === 'define' && second !== undefined) {
      constants.set(second, resolved(one.words.slice(3), constants));
    }
    if ((first === 'function' || first === 'filter') && second !== undefined) named.set(second, one);
    if (first === 'template' && third !== undefined) templates.set(third, one);
    if (first === 'router' && second === 'id') routerId = resolved(one.words.slice(2), constants);
  }
  problems.push(...ofBird1(statements));
  const context: Context = { constants, named, routerId };
  const protocols = statements.flatMap((one): BgpProtocol[] => {
    const [kind, type, name] = one.words;
    if (kind?.text !== 'protocol' || type?.text !== 'bgp' || one.body === undefined) return [];
    const body = inherited(one, templates, problems);
    if (name !== undefined && name.text !== 'from') return [protocolOf(name, body, context)];
    // For sessions with other networks it does not matter.
    if (isInternal(protocolOf(type, body, context))) {
      const message =
        'this protocol has no name, so BIRD renames it whenever a protocol before it is added or removed';
      problems.push(problem(type.source, placeOf(type), message, 'Give it a name.'));
    }
    return [];
  });
  const ownTemplates = [...templates.values()].flatMap((one): BgpProtocol[] => {
    const name = one.words[2];
    return name === undefined || one.words[1]?.text !== 'bgp'
      ? []
      : [protocolOf(name, inherited(one, templates, []), context)];
  });
  return { constants, routerId, templates: ownTemplates, protocols, problems };
}

/** BIRD 1 has no channels: channel options of BIRD 2 are in the protocol itself. One such place is enough to tell. */
function ofBird1(statements: readonly BirdStatement[]): Problem[] {
  const sign =
    statements
      .flatMap(({ words, body }) => {
        const [kind, type] = words;
        if (kind?.text === 'listen' && type?.text === 'bgp') return [kind];
        if (kind?.text === 'table') return [kind];
        if (!/^(protocol|template)$/.test(kind?.text ?? '') || type?.text !== 'bgp') return [];
        return (body ?? []).flatMap(({ words: [first] }) =>
          /^(import|export|table|next|gateway|add|igp|missing)$/.test(first?.text ?? '') &&
          first !== undefined
            ? [first]
            : [],
        );
      })
      .at(0) ?? withoutChannels(statements);
  if (sign === undefined) return [];
  const fix =
    'noencap renders for BIRD 2, where this belongs in a channel: ipv4 { ... };. Move the router to BIRD 2 first, as a separate change.';
  return [problem(sign.source, placeOf(sign), 'this is a BIRD 1 configuration', fix)];
}

/** BIRD 2 accepts a session without a channel, which carries nothing; if none has one, the file is for BIRD 1. */
function withoutChannels(statements: readonly BirdStatement[]): Token | undefined {
  const sessions = statements.filter(
    ({ words: [kind, type], body }) =>
      /^(protocol|template)$/.test(kind?.text ?? '') && type?.text === 'bgp' && body !== undefined,
  );
  const hasChannel = sessions.some(({ body }) =>
    body?.some(({ words: [first] }) => CHANNELS.test(first?.text ?? '')),
  );
  return hasChannel ? undefined : sessions.find(({ words: [kind] }) => kind?.text === 'protocol')?.words[0];
}

const isInternal = ({ options }: BgpProtocol): boolean =>
  options.get('neighbor kind') === 'internal' || options.get('neighbor as') === options.get('local as');

interface Context {
  readonly constants: ReadonlyMap<string, string>;
  /** Functions and filters. */
  readonly named: ReadonlyMap<string, BirdStatement>;
  readonly routerId: string | undefined;
}

/** The statements of the templates first, starting with the first template: of several equal options the last applies. */
function inherited(
  one: BirdStatement,
  templates: ReadonlyMap<string, BirdStatement>,
  problems: Problem[],
  depth = 0,
): readonly BirdStatement[] {
  const at = one.words.findIndex(({ kind, text }) => kind === 'plain' && text === 'from');
  const parent = one.words[at + 1];
  const own = one.body ?? [];
  if (at < 0 || parent === undefined) return own;
  const template = templates.get(parent.text);
  if (template === undefined || depth > 8) {
    const message =
      depth > 8 ? 'the templates form a loop' : `no template is named ${JSON.stringify(parent.text)}`;
    problems.push(problem(parent.source, placeOf(parent), message, 'Also give the file that defines it.'));
    return own;
  }
  return [...inherited(template, templates, problems, depth + 1), ...own];
}

function protocolOf(name: Token, body: readonly BirdStatement[], context: Context): BgpProtocol {
  const written = new Map<string, string>();
  const options = new Map<string, string>();
  const filters = new Map<string, BirdStatement>();
  const set = (key: string, words: readonly Token[], text?: string): void => {
    written.set(key, text ?? wordsText(words));
    options.set(key, canonical(text ?? resolved(words, context.constants)));
  };
  const read = (statements: readonly BirdStatement[], channel: string): void => {
    for (const one of statements) {
      const [first] = one.words;
      if (first === undefined) continue;
      if (channel === '' && one.body !== undefined && CHANNELS.test(first.text)) {
        set(wordsText(one.words), [], 'on');
        read(one.body, `${wordsText(one.words)}/`);
      } else if (/^(import|export)$/.test(first.text) && isPolicy(one)) {
        filters.set(`${channel}${first.text} filter`, one);
        set(`${channel}${first.text} filter`, [], policyText(one, context));
      } else if (first.text === 'local' || first.text === 'neighbor') {
        for (const [key, words] of endOptions(one.words)) set(key, words);
      } else if (first.text === 'password' || first.text === 'include') {
        // Only the file it is in matters here, never its value.
        options.set('password', 'set');
        if (first.text === 'include') written.set('password', one.words[1]?.text ?? '');
      } else {
        const [key, words] = optionOf(one);
        set(`${channel}${key}`, words, words.length === 0 ? 'on' : undefined);
      }
    }
  };
  read(body, '');
  if (!options.has('router id') && context.routerId !== undefined) options.set('router id', context.routerId);
  return { name: name.text, at: name, options, written, filters };
}

const CHANNELS = /^(ipv[46]|vpn[46]|flow[46])$/;

/** `import limit 100` and `import keep filtered` do not decide which routes are accepted. */
const isPolicy = ({ words }: BirdStatement): boolean =>
  !/^(limit|keep|table)$/.test(words[1]?.kind === 'plain' ? words[1].text : '');

/** A filter as one text: its own, and once that of each function and filter that it calls. */
function policyText(one: BirdStatement, { constants, named }: Context): string {
  const [, second, third] = one.words;
  const isNamed = second?.text === 'filter' && third !== undefined && one.body === undefined;
  const own =
    one.body !== undefined
      ? statementText({ words: [], body: one.body })
      : wordsText(isNamed ? one.words.slice(2) : one.words.slice(1));
  const called = new Map<string, string>();
  const left = [own];
  for (let text = left.pop(); text !== undefined; text = left.pop()) {
    for (const [name] of text.matchAll(/[A-Za-z_][A-Za-z0-9_]*/g)) {
      const found = named.get(name);
      if (found === undefined || called.has(name)) continue;
      called.set(name, statementText(found));
      left.push(called.get(name) ?? '');
    }
  }
  return [own, ...called.values()].map((text) => substituted(text, constants)).join('\n');
}

/** `local fd00::1 port 179 as 64512`, `neighbor 10.0.0.1 as X`: up to three options in one statement. */
function endOptions(words: readonly Token[]): [string, readonly Token[]][] {
  const [end, ...rest] = words;
  const side = end?.text ?? '';
  const found: [string, readonly Token[]][] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] as Token;
    const value = rest.slice(index + 1, endOf(rest, index + 1));
    if (word.text === 'as' || word.text === 'port' || word.text === 'range') {
      found.push([`${side} ${word.text}`, value]);
      index += value.length;
    } else if (word.text === '%') {
      found.push(['interface', value]);
      index += 1;
    } else if (word.text === 'internal' || word.text === 'external') {
      found.push([`${side} kind`, [word]]);
    } else {
      found.push([side === 'local' ? 'source address' : 'neighbor', [word]]);
    }
  }
  return found;
}

/** The end of the value that starts there; a parenthesised value ends with its last parenthesis. */
function endOf(words: readonly Token[], start: number): number {
  let [at, depth] = [start, 0];
  do {
    const sign = words[at]?.text;
    depth += sign === '(' ? 1 : sign === ')' ? -1 : 0;
    at += 1;
  } while (depth > 0 && at < words.length);
  return at;
}

const VALUE = /^(on|off|yes|no|true|false|aware|all|none|[A-Z].*|[0-9].*|.*[:./].*)$/;

/** An option's name is its words up to the first that can only be a value; the rest is its value. */
function optionOf({ words, body }: BirdStatement): [string, readonly Token[]] {
  const text = wordsText(words);
  const optionName = OPTION_NAMES.filter((name) => text === name || text.startsWith(`${name} `)).sort(
    (a, b) => b.length - a.length,
  )[0];
  const index = words.findIndex(({ kind, text: one }) => kind !== 'plain' || VALUE.test(one));
  const length = optionName?.split(' ').length ?? (index < 0 ? words.length : index);
  const name = wordsText(words.slice(0, length));
  // The contents of other blocks (`interface`, `passwords`) are ignored; only their presence counts.
  if (body !== undefined && name !== 'bfd') return [`${name} {}`, []];
  return [name, words.slice(length)];
}

function resolved(words: readonly Token[], constants: ReadonlyMap<string, string>): string {
  const text = words
    .map((word) => (word.kind === 'string' ? `"${word.text}"` : (constants.get(word.text) ?? word.text)))
    .join(' ');
  return /^[\d\s()+*-]*[+*()][\d\s()+*-]*$/.test(text) ? (sumOf(text) ?? text) : text;
}

/** BIRD's value of `(64000 + 530)`; undefined if it is not a sum. */
function sumOf(text: string): string | undefined {
  const left = text.match(/\d+|[-+*()]/g) ?? [];
  const take = (...signs: readonly string[]): string | undefined =>
    signs.includes(left[0] ?? '') ? left.shift() : undefined;
  const one = (): number => {
    if (take('(') === undefined) return Number(left.shift());
    const inner = sum();
    return take(')') === undefined ? Number.NaN : inner;
  };
  const product = (): number => {
    let value = one();
    while (take('*') !== undefined) value *= one();
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let sign = take('+', '-'); sign !== undefined; sign = take('+', '-'))
      value += sign === '+' ? product() : -product();
    return value;
  };
  const value = sum();
  return left.length === 0 && Number.isSafeInteger(value) ? String(value) : undefined;
}

const substituted = (text: string, constants: ReadonlyMap<string, string>): string =>
  text.replace(/[A-Za-z_][A-Za-z0-9_]*/g, (word) => constants.get(word) ?? word);

const BOOLEANS: Readonly<Record<string, string>> = { yes: 'on', true: 'on', no: 'off', false: 'off' };

const canonical = (value: string): string =>
  Object.hasOwn(BOOLEANS, value) ? (BOOLEANS[value] ?? value) : value;
