import { CHART_PACKAGES, type Versions } from './project-files.ts';

/**
 * `package.json` with the packages of the charts at the versions that noencap has: a second instance of one would not know noencap's
 * constructs. Everything else stays as it is, byte for byte. Undefined for what is no package.json that noencap is a dependency in.
 */
export function withPackagePins(text: string, { packages }: Versions): string | undefined {
  const dependencies = dependenciesIn(text);
  if (dependencies?.noencap === undefined) return undefined;
  return CHART_PACKAGES.reduce((all, name) => {
    const [has, wants] = [dependencies[name], packages[name]];
    if (has === undefined || wants === undefined || has === wants) return all;
    const line = new RegExp(`("${escaped(name)}"\\s*:\\s*)${escaped(JSON.stringify(has))}`, 'g');
    return all.replace(line, (_, key: string) => `${key}${JSON.stringify(wants)}`);
  }, text);
}

/** The version of noencap that a package.json asks for. */
export const askedVersion = (text: string): string | undefined => dependenciesIn(text)?.noencap;

function dependenciesIn(text: string): Readonly<Record<string, string>> | undefined {
  try {
    const { dependencies } = JSON.parse(text) as { dependencies?: unknown };
    const entries =
      typeof dependencies === 'object' && dependencies !== null ? Object.entries(dependencies) : [];
    return Object.fromEntries(entries.filter(([, version]) => typeof version === 'string'));
  } catch {
    return undefined;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
