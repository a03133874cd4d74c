import type { RouterSpeaker } from '../fabric/index.ts';
import { hostFolder } from './plan.ts';

/** What stands in every password file of a lab; the real ones are outside git. */
export const PASSWORD_FILE = 'password "noencap-lab";\n';

/**
 * A router's files with what a lab must have otherwise, each a line that the rendered file has or has not: the log goes to
 * a file, timers are short, and the password comes from the lab. All else is what `synth` writes, byte for byte.
 */
export function labRouter(
  router: RouterSpeaker,
  files: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const folder = hostFolder(router.name);
  const log = `log "${folder}/bird.log" all;`;
  const changed = new Map<string, string>();
  for (const [path, text] of files) {
    changed.set(
      path,
      text
        .replace(/^log syslog all;$/m, log)
        .replace(/^( *cost \d+;)(\n *hello .*\n *dead .*)?$/gm, '$1 hello 1; retransmit 2; dead 4; wait 2;')
        .replace(
          /^(template bgp \w+ \{)$/gm,
          '$1\n  connect delay time 1; connect retry time 1; error wait time 1, 4;',
        )
        .replaceAll(
          router.password === undefined ? '\0' : `"${router.password.file}"`,
          `"${folder}/password.conf"`,
        ),
    );
  }
  return router.password === undefined ? changed : changed.set('password.conf', PASSWORD_FILE);
}
