import { manifestsOf } from '../calico/releases.ts';
import { sorted } from './sorted.ts';
import {
  digest,
  type FetchFault,
  PINS,
  publishedVersion,
  readVersion,
  type UpstreamObject,
  type UpstreamVersion,
  upstreamFolder,
  upstreamUrl,
} from './upstream.ts';

/**
 * `npm run new:calico -- v3.32.2`: what to add where so that noencap carries a release, and which of its objects differ from
 * those of the known release of its minor. A patch mostly changes only versions, and needs no more than these lines.
 */
export async function newCalico(base: string, version: string): Promise<string | FetchFault> {
  const files = manifestsOf(version);
  const found = await publishedVersion(base, version, files);
  if ('message' in found) return found;
  const operator = operatorOf(found);
  if (operator === undefined) {
    return { broken: true, message: `Calico ${version} from ${base} has no operator with a version` };
  }
  const minor = version.slice(0, version.lastIndexOf('.'));
  const known = Object.keys(PINS).find((one) => one !== version && one.startsWith(`${minor}.`));
  return [
    'calico/releases.ts, RELEASES:',
    `  { version: '${version}', operator: '${operator}', manifests: '${digest(found)}' },`,
    `.github/renovate.json, allowedVersions: ${version}`,
    known === undefined
      ? `noencap knows no other release of ${minor}: its fields and the operator's rules must be read (SINCE in calico/releases.ts, calico/operator-rules.ts)`
      : against(known, found),
    '',
  ].join('\n');
}

/** The tag of the operator's image. */
const operatorOf = ({ operator }: UpstreamVersion): string | undefined =>
  /"image":"[^"]*tigera\/operator:(v[^"]+)"/.exec(JSON.stringify(operator))?.[1];

function against(known: string, found: UpstreamVersion): string {
  const folder = upstreamFolder();
  if (folder === undefined) return `run npm run upstream first, to see what differs from ${known}`;
  const other = readVersion(folder, known);
  const [ours, theirs] = [textsOf(other), textsOf(found)];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  const changed = names.filter((name) => ours.get(name) !== theirs.get(name));
  return changed.length === 0
    ? `only versions differ from ${known}`
    : [`different from ${known}:`, ...changed.map((name) => `  ${name}`)].join('\n');
}

/** By identity, without the operator's version. */
function textsOf(version: UpstreamVersion): Map<string, string> {
  const operator = operatorOf(version) ?? '';
  const nameOf = ({ kind, metadata }: UpstreamObject) => `${kind} ${metadata.name}`;
  return new Map(
    [...version.operator, ...version.crds].map((one) => [
      nameOf(one),
      JSON.stringify(sorted(one)).replaceAll(operator, 'VERSION'),
    ]),
  );
}

async function main(version: string): Promise<void> {
  const answer = /^v3\.\d+\.\d+$/.test(version)
    ? await newCalico(upstreamUrl(), version)
    : { broken: true, message: 'Name a release: npm run new:calico -- v3.32.2' };
  if (typeof answer === 'string') process.stdout.write(answer);
  else {
    process.stderr.write(`${answer.message}\n`);
    process.exitCode = answer.broken ? 2 : 3;
  }
}

if (process.argv[1]?.endsWith('new-calico.ts')) void main(process.argv[2] ?? '');
