import {
  type ChildProcess,
  type SpawnOptions,
  type SpawnSyncOptions,
  spawn,
  spawnSync,
} from 'node:child_process';

/**
 * Starts other programs without the secrets that noencap was given: a program cannot leak what it does not get, to a hook, a log or
 * the other end of ssh's `SendEnv *`. Nothing else in noencap starts a process, so none is forgotten.
 */
export const startProgram = ((
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ReturnType<typeof spawn> =>
  spawn(program, args, { ...options, env: withoutSecrets(options.env) })) as typeof spawn;

export type Program = ChildProcess;

/** The same, until it ends. */
export const runProgram = ((
  program: string,
  args: readonly string[],
  options: SpawnSyncOptions = {},
): ReturnType<typeof spawnSync> =>
  spawnSync(program, args, { ...options, env: withoutSecrets(options.env) })) as typeof spawnSync;

/** For libraries that start programs themselves: during the call the secrets are not in the environment. */
export function hidingSecrets<Result>(action: () => Result): Result {
  const hidden = Object.entries(process.env).filter(([name]) => SECRETS.test(name));
  for (const [name] of hidden) delete process.env[name];
  try {
    return action();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

/** The same, until a promise is settled. */
export async function hidingSecretsMeanwhile<Result>(action: () => Promise<Result>): Promise<Result> {
  const hidden = Object.entries(process.env).filter(([name]) => SECRETS.test(name));
  for (const [name] of hidden) delete process.env[name];
  try {
    return await action();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

/** The secrets that noencap itself uses; those of other programs, such as a cloud's keys for kubectl, stay. */
const SECRETS = /^(NOENCAP_(AGE_KEY|PASSWORD_).*|GITHUB_TOKEN|GH_TOKEN|K3S_TOKEN)$/;

const withoutSecrets = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.test(name)));
