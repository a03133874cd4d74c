import { type FilteringConfig, filteringConfig } from '../bird/filter/config.ts';
import { PREDEFINED_TABLES } from '../bird/options.ts';
import { type BirdStatement, isBirdFile } from '../bird/parser.ts';
import type { BgpProtocol } from '../bird/protocols.ts';
import { changedOptions } from '../bird/reconfigure.ts';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import type { Today } from './adopt.ts';
import { type RouterFolder, readFolder } from './bird-files.ts';
import { type ComparedFilters, compareFilters } from './compare-filters.ts';
import type { Compared, Detail } from './compared.ts';
import { BIRD3_RESETS, type Explanation, NO_WORD, OPTION_RULES } from './explanations.ts';
import { filterChange, type Neighbours, neighbours } from './filter-neighbours.ts';

/** The rendered files of each router against today's: what BIRD does to each session when it loads them. */
export function compareRouters(
  today: Today,
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
): { compared: Compared[]; todo: string[] } {
  const compared: Compared[] = [];
  const todo: string[] = [];
  for (const { folder, files: now, sessions } of [...today.routers].sort((a, b) =>
    a.folder.name < b.folder.name ? -1 : 1,
  )) {
    const router = fabric.routers.find(({ name }) => name === folder.name);
    if (router === undefined || router.planned) continue;
    const next = delivered(folder, files);
    const read = readFolder(router.bird.mode === 'include' ? withInclude(next) : next);
    const constants = new Map([
      [router.bird.constants.as, String(fabric.bgp.asNumber)],
      [router.bird.constants.routerId, router.routerId.text],
    ]);
    const outside = [...sessions.nodes, ...sessions.backbone]
      .map(({ protocol }) => protocol)
      .filter(({ at }) => !isReplaced(folder.name, at.source.file));
    const statements = read.statements.filter(
      ({ words }) =>
        !outside.some(({ name, at }) => words[2]?.text === name && words[2].source.file === at.source.file),
    );
    const [before, after] = [
      filteringConfig(now.statements, constants),
      filteringConfig(statements, constants),
    ];
    const around = neighbours(today, fabric, sessions, now.statements);
    compared.push(...protocolsOf(router, around, before, after));
    const missing = folder.files.has('bird.conf') ? undefinedNames(router, fabric, statements) : [];
    // What must be added by hand is not lost.
    const added = new Set(missing.map(({ symbol }) => symbol));
    compared.push(
      ...missingStatements(router, folder, now.statements, statements)
        .filter(({ symbol }) => !added.has(symbol))
        .map(({ what }) => what),
    );
    todo.push(
      ...missing.map(({ line }) => `${folder.name}: add this to bird.conf, before its include: ${line}`),
      ...(folder.files.has('bird.conf') ? includesToFix(router, next) : []),
    );
    const isInline = sessions.nodes.some(
      ({ protocol }) => protocol.options.has('password') && !protocol.written.has('password'),
    );
    if (isInline && router.password !== undefined) {
      todo.push(`${folder.name}: move the line password "..." of its sessions to ${router.password.file}`);
    }
    for (const { name, at } of outside) {
      todo.push(`${folder.name}: remove ${name} from ${at.source.file}: a delivery adds it in k3s/`);
    }
  }
  if (fabric.bgp.reflectorNextHop === 'keep' && fabric.segments === undefined) {
    todo.unshift(
      'describe the underlay in --known: without it the rendered sessions cannot keep next hops as they do today',
    );
  }
  return { compared, todo };
}

/** What a delivery replaces: the whole folder k3s, and bird.conf if it is rendered. */
const isReplaced = (router: string, file: string): boolean =>
  file.startsWith(`${router}/k3s/`) || /^[^/]+\/(ibgp\.conf|ibgpeers\/)/.test(file);

/** The folder after a delivery. */
function delivered({ name, files }: RouterFolder, rendered: ReadonlyMap<string, string>): RouterFolder {
  const prefix = `routers/${name}/`;
  const ours = [...rendered].filter(([path]) => path.startsWith(prefix) && isBirdFile(path));
  const kept = [...files].filter(([path]) => !isReplaced(name, `${name}/${path}`));
  const encoder = new TextEncoder();
  return {
    name,
    files: new Map([
      ...kept,
      ...ours.map(([path, text]) => [path.slice(prefix.length), encoder.encode(text)] as const),
    ]),
  };
}

const OURS = 'k3s/ibgp.conf';

/** Whether `bird.conf` includes our file, by whatever pattern. */
const isIncluded = ({ name }: RouterFolder, statements: readonly BirdStatement[]): boolean =>
  statements.some(({ words }) => words[0]?.source.file === `${name}/${OURS}`);

/** A folder whose `bird.conf` includes our file, as after all manual steps. */
function withInclude(folder: RouterFolder): RouterFolder {
  const main = folder.files.get('bird.conf');
  if (main === undefined || isIncluded(folder, readFolder(folder).statements)) return folder;
  const text = `${new TextDecoder().decode(main)}\ninclude "${OURS}";\n`;
  return { ...folder, files: new Map([...folder.files, ['bird.conf', new TextEncoder().encode(text)]]) };
}

/** Without the one line BIRD never reads the delivered files; with the other it refuses the configuration. */
function includesToFix({ name, bird }: RouterSpeaker, next: RouterFolder): string[] {
  const { statements } = readFolder(next);
  const gone = statements.filter(
    ({ words: [keyword, file] }) =>
      keyword?.text === 'include' &&
      file !== undefined &&
      /(^|\/)(k3s\/|ibgpeers\/|ibgp\.conf$)/.test(file.text),
  );
  return [
    ...gone.map(
      ({ words: [, file] }) =>
        `${name}: remove include "${file?.text}" from ${file?.source.file}: a delivery removes that file, and BIRD refuses a configuration whose include is missing`,
    ),
    ...(bird.mode === 'standalone' || isIncluded(next, statements)
      ? []
      : [`${name}: add this at the end of bird.conf: include "${OURS}";`]),
  ];
}

function protocolsOf(
  router: RouterSpeaker,
  around: Neighbours,
  before: FilteringConfig,
  after: FilteringConfig,
): Compared[] {
  const [protocolsBefore, protocolsAfter] = [before, after].map(
    ({ protocols }) => new Map(protocols.map((one) => [one.name, one])),
  );
  const made: ComparedFilters = new Map();
  const names = [...new Set([...(protocolsBefore?.keys() ?? []), ...(protocolsAfter?.keys() ?? [])])].sort();
  return names.flatMap((name): Compared[] => {
    const [was, is] = [protocolsBefore?.get(name), protocolsAfter?.get(name)];
    const base = { where: router.name, what: name };
    if (was === undefined || is === undefined) {
      const { options } = (was ?? is) as BgpProtocol;
      const field = `neighbor ${options.get('neighbor') ?? ''}`;
      return [
        {
          ...base,
          change: is === undefined ? 'gone' : 'new',
          details: [{ field, before: undefined, after: undefined, because: undefined }],
        },
      ];
    }
    const details = differences(was, is, (field) =>
      compareFilters(filterChange(field, [was, before], [is, after], around), around.surroundings, made),
    );
    const effects = details.map(({ effect }) => effect);
    const change = effects.includes('reset') ? 'reset' : effects.includes('reload') ? 'reloaded' : 'kept';
    // The router's own sessions that do not change are out of scope.
    if (details.length === 0 && is.at.source.file === was.at.source.file) return [];
    return [{ ...base, change, details: details.map(({ effect: _, ...detail }) => detail) }];
  });
}

function differences(
  was: BgpProtocol,
  is: BgpProtocol,
  filterDetails: (field: string) => readonly Detail[],
): (Detail & { effect: string })[] {
  return changedOptions(was, is).flatMap(({ key, before, after, effect }) =>
    /\/(import|export) filter$/.test(key)
      ? filterDetails(key).map((one) => ({ ...one, effect }))
      : [
          {
            field: key,
            before,
            after,
            because: reason(key, before, is),
            effect: BIRD3_RESETS.test(key) ? 'reset' : effect,
          },
        ],
  );
}

function reason(key: string, before: string | undefined, is: BgpProtocol): Explanation | undefined {
  // A different number is a different AS, not another spelling.
  if (key === 'neighbor as' && before !== undefined) return undefined;
  // A disabled session would come up, and a session with a password is down without it.
  if (key === 'disabled' || key === 'password') return undefined;
  const rule = OPTION_RULES.find(({ options }) => options.test(key));
  if (rule !== undefined) return { id: rule.id, message: rule.message };
  // A topology can express these.
  if (/\/next hop (self|keep)$/.test(key)) return undefined;
  return is.options.has(key) ? undefined : NO_WORD;
}

/** Statements in files that a delivery replaces that are not part of any session: they would be lost. */
function missingStatements(
  router: RouterSpeaker,
  folder: RouterFolder,
  before: readonly BirdStatement[],
  after: readonly BirdStatement[],
): { symbol: string; what: Compared }[] {
  const names = new Set(after.map(definedName));
  const used = new Set(after.flatMap((one) => wordsIn(one)));
  return before.flatMap((one) => {
    const [keyword, type] = one.words;
    const name = definedName(one);
    if (keyword === undefined || name === undefined || names.has(name)) return [];
    if (
      !isReplaced(folder.name, keyword.source.file) ||
      (keyword.text === 'protocol' && type?.text === 'bgp')
    )
      return [];
    const isNeeded = keyword.text === 'protocol' || used.has(name);
    if (!isNeeded) return [];
    const field = keyword.source.file;
    return [
      {
        symbol: name,
        what: {
          where: router.name,
          what: `${keyword.text} ${name}`,
          change: 'gone' as const,
          details: [{ field, before: undefined, after: undefined, because: undefined }],
        },
      },
    ];
  });
}

/** The name that a statement defines. */
function definedName({ words }: BirdStatement): string | undefined {
  const [first, second, third] = words.map(({ text }) => text);
  if (/^(define|function|filter)$/.test(first ?? '')) return second;
  if (second === 'table') return third;
  return first === 'protocol' || first === 'template' ? third : undefined;
}

const wordsIn = ({ words, body }: BirdStatement): string[] => [
  ...words.map(({ text }) => text),
  ...(body ?? []).flatMap(wordsIn),
];

/** Tables and constants that the rendered files need from bird.conf, but that it does not define. */
function undefinedNames(
  { bird, routerId }: RouterSpeaker,
  fabric: Fabric,
  after: readonly BirdStatement[],
): { symbol: string; line: string }[] {
  if (bird.mode === 'standalone') return [];
  const defined = new Set([...after.map(definedName), ...PREDEFINED_TABLES]);
  const families = bird.adopted.bothChannels ? (['ipv4', 'ipv6'] as const) : fabric.pods.families;
  const needed = [
    [bird.constants.as, `define ${bird.constants.as} = ${fabric.bgp.asNumber};`],
    [bird.constants.routerId, `define ${bird.constants.routerId} = ${routerId.text};`],
    ...families.map((family) => [bird.tables[family], `${family} table ${bird.tables[family]};`] as const),
  ] as const;
  return needed.filter(([symbol]) => !defined.has(symbol)).map(([symbol, line]) => ({ symbol, line }));
}
