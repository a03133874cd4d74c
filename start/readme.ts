import type { Fabric } from '../fabric/index.ts';
import { MERMAID_LIMIT, networkDrawing } from '../review/markdown/mermaid.ts';
import { fence } from '../review/markdown/text.ts';

/** README.md of a repository: what it is, a picture of its network as it begins, and what one does with it. */
export function readme(fabric: Fabric): string {
  const drawn = networkDrawing(fabric, MERMAID_LIMIT);
  const diagram =
    drawn === undefined
      ? []
      : [fence('mermaid', drawn.lines), '', 'Lines are BGP sessions, as this repository began.', ''];
  return [
    `# ${fabric.name}`,
    '',
    "A flat pod network for Kubernetes, rendered by noencap. `topology.yaml` describes it; `dist/` is what follows from it: Calico's manifests,",
    "the routers' BIRD configurations, the nodes' K3s files. A change of the network is a pull request that changes `topology.yaml`.",
    '',
    ...diagram,
    DAILY,
  ].join('\n');
}

const DAILY = `## Every day

Once after cloning: \`npm ci\`. Then:

\`\`\`sh
npm run synth            # render dist/ after a change of topology.yaml, main.ts or a chart
npm run check            # is anything wrong with the network, and is dist/ what it must be?
npm run lab              # does it work with real BIRD? (Linux)
\`\`\`

Commit \`dist/\` with what it was rendered from. \`npx noencap diff\` says beforehand what a change does to sessions and packets; on a pull
request the workflows say it.

## What is where

| | |
|---|---|
| \`topology.yaml\` | the network; the only file that most changes touch |
| \`main.ts\`, \`charts/\` | manifests of your own beside noencap's |
| \`dist/\` | rendered: never edited by hand |
| \`known_hosts\` | host keys of the routers that deliveries go to |
| \`.github/workflows\`, \`cdk8s.yaml\` | noencap's: \`npx noencap upgrade\` renews them |

\`npx noencap --help\` lists all commands. A new version of noencap comes as a pull request of Renovate, or by hand:

\`\`\`console
workstation$ npm install --save-exact noencap@latest
workstation$ npx noencap upgrade
workstation$ npm install
workstation$ npm run synth
\`\`\`
`;
