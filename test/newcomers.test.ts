import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

const { engines, scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const { satisfies } = jest.requireActual<{ satisfies(version: string, range: string): boolean }>('semver');
const nvmrc = readFileSync('.nvmrc', 'utf8').trim();
const contributing = readFileSync('CONTRIBUTING.md', 'utf8');

describe('The Node.js of a contributor', () => {
  test('.nvmrc names a release line that noencap supports in full', () => {
    expect(nvmrc).toMatch(/^\d+$/);
    expect(satisfies(`${nvmrc}.0.0`, engines.node)).toBe(true);
  });

  test("it is CI's, whose small tests also run on the oldest Node.js that package.json allows", () => {
    const { jobs } = parse(readFileSync('.github/workflows/ci.yml', 'utf8'));
    const nodeOf = (job: { steps: { uses?: string; with?: Record<string, unknown> }[] }) =>
      job.steps.find(({ uses }) => uses?.startsWith('actions/setup-node@') === true)?.with?.['node-version'];
    expect(nodeOf(jobs.whole)).toBe(Number(nvmrc));
    expect(nodeOf(jobs.quick)).toBe(`\${{ matrix.node }}`);
    const { node: versions } = jobs.quick.strategy.matrix;
    expect(versions).toContain(nvmrc);
    expect(versions).toContain(engines.node.replace('>=', ''));
  });
});

describe('The dev container', () => {
  const container = JSON.parse(readFileSync('.devcontainer/devcontainer.json', 'utf8'));

  test('is the container for those without Linux: a Debian with the Node.js of .nvmrc', () => {
    const { dockerfile } = container.build;
    const [, from] = /^FROM (.*)$/m.exec(readFileSync(join('.devcontainer', dockerfile), 'utf8')) ?? [];
    expect(from).toBe(`docker.io/library/node:${nvmrc}-bookworm-slim`);
  });

  test('lets a lab create its namespaces, and its user run what tests run', () => {
    expect(container.capAdd).toEqual(expect.arrayContaining(['NET_ADMIN', 'SYS_ADMIN']));
    expect(container.securityOpt).toEqual([
      'seccomp=unconfined',
      'apparmor=unconfined',
      'systempaths=unconfined',
    ]);
    // A clone that root writes into no longer belongs to its owner.
    expect(container.remoteUser).toBe('node');
  });

  test('runs existing scripts, and everything that a test run begins with', () => {
    const commands: string[] = container.postCreateCommand.split(' && ');
    expect(commands[0]).toBe('npm ci');
    const ours = commands.slice(1);
    expect(ours.filter((file) => !existsSync(file))).toEqual([]);
    expect(scripts.pretest.split(' && ')).toEqual(expect.arrayContaining(ours));
    expect(readFileSync(ours[0] ?? '', 'utf8')).toContain('\nscripts/setup-lab.sh\n');
  });
});

describe('Decisions', () => {
  const folder = join('docs', 'decisions');
  const records = readdirSync(folder);

  test('each is linked from CONTRIBUTING.md, and no other', () => {
    const linked = [...contributing.matchAll(/\]\(docs\/decisions\/([^)#]+)\)/g)].map(([, file]) => file);
    expect(linked.sort()).toEqual(records.sort());
  });

  test.each(records)('%s says context, decision and consequences on about a page', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text.match(/^#.*$/gm)?.slice(1)).toEqual(['## Context', '## Decision', '## Consequences']);
    expect(text.split('\n').length).toBeLessThan(60);
    const [, title] = /^# (.+)$/m.exec(text) ?? [];
    expect(contributing).toContain(`[${title}](docs/decisions/${file})`);
  });

  test.each(records)('%s names files that are there', (file) => {
    const named = [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/`([\w.-]+\/[\w./-]*|\w+\.(?:ts|yaml|json))`/g),
    ]
      .map(([, path = '']) => path)
      .filter((path) => !path.startsWith('.cache/') && path !== 'bird.conf');
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });
});

/** What GitHub's schema of issue forms requires, as far as ours use it. */
const FORM = {
  type: 'object',
  required: ['name', 'description', 'body'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 3 },
    description: { type: 'string', minLength: 3, maxLength: 200 },
    body: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type', 'attributes'],
        additionalProperties: false,
        properties: {
          type: { enum: ['markdown', 'textarea', 'dropdown'] },
          id: { type: 'string', pattern: '^[\\w-]+$' },
          attributes: {
            type: 'object',
            additionalProperties: false,
            properties: {
              label: { type: 'string' },
              description: { type: 'string' },
              value: { type: 'string' },
              render: { type: 'string' },
              options: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string' } },
            },
          },
          validations: {
            type: 'object',
            additionalProperties: false,
            properties: { required: { type: 'boolean' } },
          },
        },
      },
    },
  },
};

describe('Templates of issues and pull requests', () => {
  const folder = join('.github', 'ISSUE_TEMPLATE');
  const forms = readdirSync(folder).filter((file) => file !== 'config.yml');

  test.each(forms)('%s is a form that GitHub takes', (file) => {
    const form = parse(readFileSync(join(folder, file), 'utf8'));
    const validate = new Ajv().compile(FORM);
    expect(validate(form) ? [] : validate.errors).toEqual([]);
    const fields = form.body.filter(({ type }: { type: string }) => type !== 'markdown');
    // A field without a name is ignored, a duplicate name hides a field, and a form must not consist only of text.
    expect(fields.length).toBeGreaterThan(0);
    expect(new Set(fields.map(({ id }: { id?: string }) => id)).size).toBe(fields.length);
    for (const { id, attributes } of fields)
      expect({ id, ...attributes }).toMatchObject({ id: expect.any(String), label: expect.any(String) });
  });

  test('there is one for network operators and one for users of noencap, and none is mandatory', () => {
    expect(forms.sort()).toEqual(['network.yml', 'noencap.yml']);
    expect(parse(readFileSync(join(folder, 'config.yml'), 'utf8'))).toEqual({ blank_issues_enabled: true });
  });

  test.each([...forms.map((file) => join(folder, file)), '.github/pull_request_template.md'])(
    '%s names commands and files that are there',
    (file) => {
      const text = readFileSync(file, 'utf8');
      const named = [
        ...text.matchAll(/`((?:bin|docs|dist|scripts)\/[\w./-]*|\w+\.(?:md|yaml))(?: [^`]*)?`/g),
      ];
      expect(named.map(([, path = '']) => path).filter((path) => !existsSync(path))).toEqual([]);
      const runs = [...text.matchAll(/`npm run ([\w:]+)`/g)].map(([, name = '']) => name);
      expect(runs.filter((name) => scripts[name] === undefined)).toEqual([]);
    },
  );
});
