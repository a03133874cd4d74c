import { z } from 'zod';
import { journalLine } from '../../delivery/journal.ts';
import { driftSchema } from '../../drift/document.ts';
import { reviewSchema } from '../../review/document.ts';
import { adopt } from './adopt.ts';
import { explain, path } from './analysis.ts';
import { bootstrap, bootstrapRun } from './bootstrap.ts';
import { check } from './check.ts';
import { comment } from './comment.ts';
import { drain, drainCheck, undrain } from './drain.ts';
import { driftAdopt } from './drift.ts';
import { init } from './init.ts';
import { issue } from './issue.ts';
import { lab, labBirdc, labDown, labReboot, labRehearse, labRoutes, labUp } from './lab.ts';
import { mtu } from './mtu.ts';
import { refusal } from './refusal.ts';
import { ship, shipCheck, shipPlan, shipSetup } from './ship.ts';
import { status } from './status.ts';
import { synth, synthCheck } from './synth.ts';
import { upgrade, upgradeCheck } from './upgrade.ts';
import { verify } from './verify.ts';

export type { CommandName, RefusalCode } from './refusal.ts';

const own = z.union([
  adopt,
  bootstrap,
  bootstrapRun,
  check,
  comment,
  driftAdopt,
  drain,
  drainCheck,
  explain,
  init,
  issue,
  lab,
  labBirdc,
  labDown,
  labReboot,
  labRehearse,
  labRoutes,
  labUp,
  mtu,
  path,
  refusal,
  ship,
  shipCheck,
  shipPlan,
  shipSetup,
  status,
  synth,
  synthCheck,
  undrain,
  upgrade,
  upgradeCheck,
  verify,
]);

/** Every document that `--json` prints. */
export const documentSchema = z.union([...own.options, driftSchema, reviewSchema]);

type Plain<T> = T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

type Own = Plain<z.infer<typeof own>>;

/** What the document of a command holds besides its name and version. */
export type Body<C extends Own['command']> = Own extends infer D
  ? D extends { readonly command: C }
    ? Omit<D, 'version' | 'command'>
    : never
  : never;

/** Instead of any of them. */
export type Refused = Plain<z.infer<typeof refusal>>;
export type Fault = Refused['faults'][number];

/** The documents as JSON Schema, for programs that read them: text of docs/json.schema.json. A review has a file of its own. */
export function documentsJsonSchema(): string {
  const line = '#/definitions/journal-line';
  const { $schema, anyOf, definitions } = z.toJSONSchema(
    z.union([...own.options, driftSchema.meta({ id: 'drift' }), journalLine]),
    {
      target: 'draft-7',
    },
  );
  const documents = anyOf?.filter(({ $ref }) => $ref !== line);
  const schema = {
    $schema,
    title: 'noencap documents',
    description: `What --json prints. A line of a journal is ${line}.`,
    anyOf: [...(documents ?? []), { $ref: 'review.schema.json' }],
    definitions,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
