import type { Unreachable } from './target.ts';

/** One verb of the router's script, with its arguments. */
export interface RemoteCommand {
  readonly verb: string;
  /** Settings (`key=value`), which come first. */
  readonly settings: readonly string[];
  readonly args: readonly string[];
}

/** The result of a command: the script's own codes are 0 to 3; any other means that the connection to the router failed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why the connection failed, where it did. */
  readonly fault?: Unreachable;
}

/** Something that runs commands: a router, or a session on it. */
export interface Line {
  /** `stop`: the answer is no longer waited for. The command may still take effect at the router. */
  run(command: RemoteCommand, input?: Uint8Array, stop?: AbortSignal): Promise<Ran>;
}

/** A command that runs while its standard input is open, and reads further commands there, one after the other. */
export interface Running extends Line {
  /** What it printed until it was ready. */
  readonly firstOutput: string;
  /** Resolves when it has ended, by itself or because its input was closed. */
  readonly ended: Promise<Ran>;
  /** Sends an empty line as a sign of life. */
  beat(): void;
  /** Closes its input and waits until it ends, or until `stop`. */
  close(stop?: AbortSignal): Promise<Ran>;
}

/** Access to a router. */
export interface Access extends Line {
  /** Starts a command, and resolves when it has printed the line `ready`; if it ends before that, with its result. */
  start(command: RemoteCommand, ready: string, stop?: AbortSignal): Promise<Running | Ran>;
}

/** A router that runs commands. How it is reached (SSH, or a process in a test) is not known here. */
export interface Remote extends Access {
  /** Runs each command over a new connection: proof that one can still be made. */
  fresh(): Access;
  end(): Promise<void>;
}

/** The words after the script, in the format of both `sh -c SCRIPT noencap` and the forced command. */
export const words = ({ verb, settings, args }: RemoteCommand): string[] => [...settings, verb, ...args];
