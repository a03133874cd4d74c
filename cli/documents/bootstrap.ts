import { z } from 'zod';
import { document, fault, text, texts } from './shared.ts';

const engine = z.enum(['argocd', 'flux']);

export const bootstrap = document('bootstrap', {
  network: text,
  engine,
  fieldManager: text.describe("the engine's, which kubectl acts as"),
  firstServer: text,
  steps: z.array(z.strictObject({ title: text, commands: texts.describe('for a shell, in order') })),
});

export const bootstrapRun = document('bootstrap --run', {
  network: text,
  engine,
  cluster: z
    .strictObject({
      context: text.describe("kubectl's"),
      server: text,
      version: text.describe('of Kubernetes'),
      nodes: z
        .strictObject({ joined: texts, notJoined: texts, notInTopology: texts })
        .describe("the topology's nodes and the cluster's"),
    })
    .optional()
    .describe('none where it was not reached'),
  done: texts.describe('titles of the steps that are done'),
  notes: texts,
  faults: z.array(fault).min(1).optional().describe('why it stopped'),
});
