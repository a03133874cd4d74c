import { deliveredPassword, type RouterSpeaker } from '../fabric/index.ts';
import { hostFolder } from './model.ts';

/** The content of both ends' password files in a lab, different for each router; the real ones are outside git. */
export const passwordFile = (router: string): string => `password "noencap-lab-${router}";\n`;

/**
 * A router's files with the changes for a lab, each a line added or removed: the log goes to
 * a file, and timers are short. Everything else is what `synth` writes, byte for byte; a password is where a delivery puts it.
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
        ),
    );
  }
  const password = deliveredPassword(router);
  return password === undefined ? changed : changed.set(password, passwordFile(router.name));
}
