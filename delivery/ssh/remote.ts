/** One verb of the router's script, with its arguments. */
export interface RemoteCommand {
  readonly verb: string;
  /** Settings (`key=value`) come first. */
  readonly settings: readonly string[];
  readonly args: readonly string[];
}

/** What became of a command: the script's own codes are 0 to 3, any other is the way to the router that failed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What takes commands: a router, or a session on it. */
export interface Line {
  /** `stop`: nobody waits for the answer any more. What the command does at the router, it may do all the same. */
  run(command: RemoteCommand, input?: Uint8Array, stop?: AbortSignal): Promise<Ran>;
}

/** A command that goes on while its standard input is open, and takes others there, one after the other. */
export interface Running extends Line {
  /** What it had printed when it was ready. */
  readonly said: string;
  /** Resolves when it has ended, by itself or because its input was closed. */
  readonly ended: Promise<Ran>;
  /** Sends it an empty line: whoever started it is still there. */
  beat(): void;
  /** Closes its input, and waits for its end, or until `stop`. */
  close(stop?: AbortSignal): Promise<Ran>;
}

/** A way to a router. */
export interface Access extends Line {
  /** Starts a command, and resolves when it has printed the line `ready`; with what it said, if it ended without. */
  start(command: RemoteCommand, ready: string, stop?: AbortSignal): Promise<Running | Ran>;
}

/** A router that can be talked to. How (SSH, or a process in a test) is not known here. */
export interface Remote extends Access {
  /** Each of its commands over a connection of its own: proof that one can still be made. */
  fresh(): Access;
  end(): Promise<void>;
}

/** The words after the script, as both `sh -c SCRIPT noencap` and the forced command take them. */
export const words = ({ verb, settings, args }: RemoteCommand): string[] => [...settings, verb, ...args];
