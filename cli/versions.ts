import ours from '../package.json' with { type: 'json' };
import { CHART_PACKAGES, TOOL_PACKAGES, type Versions } from '../start/index.ts';

/** Of noencap, and of what a repository with it installs beside it. */
export function versions(): Versions {
  const all: Readonly<Record<string, string>> = { ...ours.dependencies, ...ours.devDependencies };
  const names = [...CHART_PACKAGES, ...TOOL_PACKAGES];
  return {
    noencap: ours.version,
    packages: Object.fromEntries(
      names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
    ),
  };
}
