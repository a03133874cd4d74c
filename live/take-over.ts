import { type Engine, foreignOwners, handOver, type OwnedObject } from '../bootstrap/index.ts';
import { type Halt, isHalt } from './halt.ts';
import { type Kubectl, objectsIn } from './kubectl.ts';
import type { StepEnd } from './step.ts';

/** Another writer may be faster. */
const TRIES = 5;

interface TakeOver {
  readonly engine: Engine;
  readonly kubectl: Kubectl;
  readonly stop: AbortSignal;
}

/** Leaves the fields of the objects in these folders to the engine alone, and checks the result. */
export async function takeOver(
  { engine, kubectl, stop }: TakeOver,
  folders: readonly string[],
  say: (detail: string) => void,
): Promise<StepEnd> {
  const former = new Map<string, Set<string>>();
  for (const folder of folders) {
    for (let attempt = 0; ; attempt += 1) {
      const read = await owned(kubectl, folder);
      if (isHalt(read)) return { notes: [], halt: read };
      const left = read.filter((object) => handOver(object, engine).length > 0);
      if (left.length === 0) break;
      if (attempt === TRIES) return { notes: [], halt: contested(folder, left, engine) };
      for (const [index, object] of left.entries()) {
        if (stop.aborted) return { notes: [], halt: undefined };
        say(`${folder}, ${index + 1} of ${left.length}`);
        const { code } = await patch(kubectl, object, engine);
        if (code !== 0) continue;
        for (const { manager } of foreignOwners(object, engine)) {
          const { kind, metadata } = object;
          former.set(manager, (former.get(manager) ?? new Set()).add(`${kind} ${metadata.name}`));
        }
      }
    }
  }
  const notes = [...former].map(
    ([manager, { size }]) => `${manager} no longer owns fields of ${size} object${size === 1 ? '' : 's'}`,
  );
  return { notes, halt: undefined };
}

async function owned(kubectl: Kubectl, folder: string): Promise<readonly OwnedObject[] | Halt> {
  const { code, stdout, stderr } = await kubectl([
    'get',
    '-k',
    folder,
    '--show-managed-fields',
    '-o',
    'json',
  ]);
  if (code !== 0) {
    return {
      because: 'refused',
      message: `the objects of ${folder} cannot be read from the cluster`,
      details: [stderr.trim()],
      fix: 'Somebody may have deleted them meanwhile. Run it again.',
    };
  }
  return objectsIn<OwnedObject>(stdout);
}

/** The object is passed on stdin, so its kind needs no plural. */
function patch(kubectl: Kubectl, object: OwnedObject, engine: Engine) {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  return kubectl(
    [
      'patch',
      '-f',
      '-',
      '--type=json',
      `--field-manager=${engine.fieldManager}`,
      `--patch=${JSON.stringify(handOver(object, engine))}`,
    ],
    JSON.stringify({
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    }),
  );
}

function contested(folder: string, objects: readonly OwnedObject[], engine: Engine): Halt {
  return {
    because: 'refused',
    message: `another manager keeps taking back fields of ${folder}`,
    details: objects.flatMap((object) =>
      foreignOwners(object, engine).map(
        ({ manager, fields }) =>
          `${object.kind}/${object.metadata.name}: ${manager} owns ${fields.slice(0, 5).join(', ')}`,
      ),
    ),
    fix: 'Stop whatever else applies these objects, then run it again.',
  };
}
