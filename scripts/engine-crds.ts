import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Schema } from './imported-fields.ts';

/** As much of a CustomResourceDefinition as `cdk8s import` reads. */
export interface Crd {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** The kinds of dist/gitops and of the Prometheus Operator, with the shape of `spec`. Npm has models of Argo CD's; those of Flux need a newer Node.js than we do. */
export const engineCrds = (): readonly Crd[] => [
  argoCdCrd('AppProject', 'appprojects'),
  argoCdCrd('Application', 'applications'),
  ...documents('flux-crds.yaml'),
  ...documents('prometheus-crds.yaml'),
];

const documents = (name: string): Crd[] =>
  parseAllDocuments(readFileSync(join('scripts', name), 'utf8')).map((document) => document.toJS() as Crd);

/** As far as the model's declaration tells it: field names, types, enums. */
function argoCdCrd(kind: string, plural: string): Crd {
  const require = createRequire(join(process.cwd(), 'package.json'));
  const folder = dirname(require.resolve('@kubernetes-models/argo-cd/package.json'));
  const [group, version] = ['argoproj.io', 'v1alpha1'];
  const file = join(folder, group, version, `${kind}.d.ts`);
  const spec = schemaIn(declaration(readFileSync(file, 'utf8'), kind)).properties?.spec;
  if (spec === undefined) throw new Error(`${file} declares no spec of ${kind}`);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  };
}

/** The body of `export interface I<kind> {...}`, without comments. */
function declaration(text: string, kind: string): string {
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, '');
  const start = plain.indexOf(`export interface I${kind} {`);
  if (start < 0) throw new Error(`no declaration of ${kind}`);
  return plain.slice(plain.indexOf('{', start));
}

/** The declarations are generated, and use a handful of forms: those that are read here, and no other. */
function schemaIn(text: string): Schema {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|[{}[\]<>?:;|]/g) ?? [];
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new Error(
        `${expected ?? 'more'} expected, not ${token} after ${tokens.slice(at - 6, at - 1).join(' ')}`,
      );
    }
    return token;
  };

  function type(): Schema {
    const parts = [single()];
    while (tokens[at] === '|') {
      take('|');
      parts.push(single());
    }
    const [first = {}, ...others] = parts;
    if (others.length === 0) return first;
    const literals = parts.flatMap((part) => (part.enum as string[] | undefined) ?? []);
    if (literals.length === parts.length) return { type: 'string', enum: literals };
    const types = parts.map((part) => part.type).sort();
    if (types.join() === 'number,string') return { 'x-kubernetes-int-or-string': true };
    throw new Error(`no such union is known: ${types}`);
  }

  function single(): Schema {
    const token = take();
    if (token === '{') return object();
    if (token.startsWith('"')) return { type: 'string', enum: [JSON.parse(token)] };
    if (token === 'Array') {
      take('<');
      const items = type();
      take('>');
      return { type: 'array', items };
    }
    if (['string', 'number', 'boolean'].includes(token)) return { type: token };
    if (token === 'IObjectMeta') return { type: 'object' };
    throw new Error(`no such type is known: ${token}`);
  }

  function object(): Schema {
    if (tokens[at] === '[') {
      for (const expected of ['[', 'key', ':', 'string', ']', ':']) take(expected);
      const additionalProperties = type();
      take(';');
      take('}');
      return { type: 'object', additionalProperties };
    }
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    while (tokens[at] !== '}') {
      const name = JSON.parse(take()) as string;
      if (tokens[at] === '?') take('?');
      else required.push(name);
      take(':');
      properties[name] = type();
      take(';');
    }
    take('}');
    return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
  }

  return type();
}
