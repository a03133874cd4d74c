import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hold, settingsOf } from '../../../delivery/router.ts';
import { forcedCommand, routerScript } from '../../../delivery/script/script.ts';
import type { Access, Remote } from '../../../delivery/ssh/remote.ts';
import { sshRemote } from '../../../delivery/ssh/ssh.ts';
import { type Bird, by } from '../bird.ts';
import { adopted, agree, done, release, theirs } from '../steps.ts';
import { type Agent, endSshd, type Sshd, startAgent, startSshd } from './sshd.ts';

const [ONE, TWO] = [release('one'), release('two')];

let agent: Agent;
let bird: Bird;
beforeAll(() => {
  agent = startAgent();
});
afterAll(() => agent.end());
beforeEach(() => {
  bird = theirs();
});
afterEach(() => bird.end());

async function over(
  sshd: Sshd,
  script: ((verb: string) => string) | undefined,
  work: (remote: Remote) => Promise<void>,
): Promise<void> {
  agent.add(sshd.key);
  const remote = sshRemote(sshd.target, { script });
  try {
    await work(remote);
  } finally {
    await remote.end();
    agent.remove(sshd.key);
    await endSshd(sshd);
  }
}

/** A delivery, an undone one, and a second one that has to wait for the lock. */
async function deliver(remote: Remote): Promise<void> {
  const steps = await adopted(bird, remote);
  await steps.ship(ONE);
  expect(bird.sessions()).toEqual(['one']);
  done(await steps.stage(TWO));
  done(await steps.check(TWO));
  done(await steps.apply(TWO));
  expect(bird.sessions()).toEqual(['two']);
  const other = remote.fresh();
  expect((await hold(other, bird.settings, 'another')).failed?.message).toMatch(/test/);
  done(await steps.undo(other));
  await agree(steps);
  expect(bird.sessions()).toEqual(['one']);
  await steps.lock.release();
}

test('delivery over SSH, with a shell for the script', async () => {
  await over(await startSshd(), routerScript, deliver);
});

test('delivery with an account that may do nothing else', async () => {
  const wrapper = join(bird.folder, 'noencap-router');
  writeFileSync(wrapper, forcedCommand(settingsOf(bird.settings)), { mode: 0o755 });
  await over(await startSshd(`restrict,command="${wrapper}"`), undefined, async (remote) => {
    await deliver(withoutSettings(remote));
    const odd = await remote.run({ verb: 'inspect;id', settings: [], args: [] });
    expect(odd).toMatchObject({ code: 2, stdout: expect.stringMatching(/^code usage\n/) });
  });
});

/** The wrapper has its own settings: the client may not name any of these. */
const withoutSettings = (remote: Remote): Remote => ({
  ...fewerSettings(remote),
  fresh: () => fewerSettings(remote.fresh()),
  end: remote.end,
});

const fewerSettings = (access: Access): Access => {
  const own = by(
    access,
    (line) =>
      ({ verb, settings, args }, input) =>
        line.run({ verb, settings: owners(settings), args }, input),
  );
  return {
    ...own,
    start: ({ verb, settings, args }, ready) => own.start({ verb, settings: owners(settings), args }, ready),
  };
};

const owners = (settings: readonly string[]): string[] => settings.filter((one) => one.startsWith('owner='));
