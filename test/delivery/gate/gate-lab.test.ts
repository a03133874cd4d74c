import type { ProtocolState } from '../../../bird/answers/protocols.ts';
import type { GateFinding } from '../../../delivery/gate/finding.ts';
import { gate, type Look, problemsToday, unsettledFor } from '../../../delivery/gate/gate.ts';
import { hostFolder, type Lab } from '../../../lab/index.ts';
import { booted, scenario } from '../../lab/labs.ts';
import { redundant } from '../../lab/topologies.ts';
import { protocols } from './lab-protocols.ts';

/** The gate at e1, with nothing else of the network changed. */
const question = (lab: Lab) => ({
  router: 'e1',
  fabric: lab.fabric,
  before: lab.fabric,
  undelivered: new Set(['e2', 'w1']),
  excused: new Set<string>(),
});

const birdc = async (lab: Lab, command: string): Promise<string> =>
  (await lab.holder.run(`birdc -v -s ${hostFolder('e1')}/bird.ctl ${command}`)).stdout;

/** Reconfigures e1 with its files edited by sed; the file stays unchanged, and BIRD reverts on `configure undo`. */
async function configured(lab: Lab, edit: string, name = 'k3s/ibgp.conf'): Promise<string> {
  const file = `${hostFolder('e1')}/${name}`;
  const { code } = await lab.holder.run(
    `cp ${file} ${file}.kept && sed -i '${edit}' ${file} && ! cmp -s ${file} ${file}.kept`,
  );
  const said = code === 0 ? await birdc(lab, 'configure timeout 100') : 'nothing was changed';
  await lab.holder.run(`mv ${file}.kept ${file}`);
  return said;
}

/** Looks until it is settled, or until it finds what the gate would otherwise wait for until the time is up. */
async function gated(
  lab: Lab,
  before: readonly ProtocolState[],
  isFound: (message: readonly string[]) => boolean = () => false,
): Promise<GateFinding[]> {
  const judge = gate(question(lab));
  const looks: Look[] = [];
  const start = performance.now();
  for (;;) {
    const now = await protocols(lab, 'e1');
    const at = performance.now() - start;
    const findings = judge(before, now);
    looks.push({ at, findings, now });
    const isSettled = unsettledFor(before, looks, { disturbed: 2000, undisturbed: 2000 }) === 0;
    if (isSettled || isFound(findings.map(({ message }) => message)) || at > 240_000) return findings;
    await new Promise((done) => setTimeout(done, 250));
  }
}

scenario('the gate with a running BIRD', () => {
  let lab: Lab;
  let before: readonly ProtocolState[];
  beforeAll(async () => {
    lab = await booted(redundant());
    before = await protocols(lab, 'e1');
  });
  afterAll(async () => lab?.holder.end());
  afterEach(async () => {
    await birdc(lab, 'configure undo');
    expect(await gated(lab, before)).toEqual([]);
  });

  test('has no finding for a harmless change', async () => {
    expect(await configured(lab, 's/action warn/action block/')).toMatch(/^0003/m);
    expect(await gated(lab, before)).toEqual([]);
  });

  test('sees that a configuration which BIRD accepts filters everything', async () => {
    expect(await configured(lab, 's/return true/return false/')).toMatch(/^0003/m);
    const receives = (message: readonly string[]) =>
      message.length === 4 && message.every((one) => one.includes('receives 0'));
    const findings = await gated(lab, before, receives);
    expect(findings.filter(({ kind }) => kind === 'session')).toEqual([]);
    expect(findings.map(({ message }) => message)).toEqual([
      'e-a--e1/ipv4: now receives 0 IPv4 routes (was 1)',
      'e-b--e1/ipv4: now receives 0 IPv4 routes (was 1)',
      'e1--e2/ipv4: now receives 0 IPv4 routes (was 2)',
      'e1--w1/ipv4: now receives 0 IPv4 routes (was 1)',
    ]);
  });

  // As in a bird.conf whose protocol direct fills BIRD's own table, not that of the sessions.
  test.each([
    ['nothing', []],
    ['a default route that is a blackhole', ['blackhole']],
    ['a default route that is prohibited', ['prohibit']],
  ])(
    'sees that BIRD takes routes and resolves their next hops by %s, though no count differs',
    async (_, defaults) => {
      const elsewhere = [
        '/^protocol direct/,/^}/s/intra_table_v4/master4/',
        '/^protocol ospf/,/^}/s/import all/import where net.len = 32/',
        '$a protocol direct loopback { ipv4 { table intra_table_v4; }; interface "lo"; }',
        ...defaults.map(
          (one) => `$a protocol static { ipv4 { table intra_table_v4; }; route 0.0.0.0/0 ${one}; }`,
        ),
      ].join('\n');
      expect(await configured(lab, elsewhere, 'bird.conf')).toMatch(/^000[34]/m);
      const unreachable =
        "routes that it brings lead nowhere: the session's table has no route to their next hops, or only one that drops packets";
      const findings = await gated(
        lab,
        before,
        (message) => message.filter((one) => one.includes(unreachable)).length >= 3,
      );
      expect(findings.map(({ level, message }) => `${level}: ${message}`)).toEqual([
        `failure: e-a--e1/ipv4: 1 of the 1 ${unreachable}`,
        `failure: e-b--e1/ipv4: 1 of the 1 ${unreachable}`,
        `failure: e1--e2/ipv4: 2 of the 2 ${unreachable}`,
      ]);
      // A check of its current state reports the same, and a check of the earlier state nothing.
      const today = (states: readonly ProtocolState[]) => problemsToday(lab.fabric, 'e1', states);
      expect(today(await protocols(lab, 'e1'))).toEqual(findings.map(({ message }) => message));
      expect(today(before)).toEqual([]);
    },
  );

  test('sees that the sessions with nodes do not come back', async () => {
    expect(await configured(lab, 's/rr client;/rr client; password "wrong";/')).toMatch(/^000[34]/m);
    const findings = await gated(lab, before, (message) => message.length >= 2);
    expect(findings.filter(({ kind }) => kind === 'session').map(({ about }) => about)).toEqual([
      'e-a--e1/ipv4',
      'e-b--e1/ipv4',
    ]);
  });
});
