import { driftText, shippedText } from '../../cli/ship-report.ts';
import { terminal } from '../../cli/terminal.ts';
import type { Result } from '../../delivery/journal.ts';
import type { Drifted } from '../../delivery/prepare-router.ts';

const SHIPPED = 'template bgp k3speers {\n  hold time 15;\n}\n';
const of = (more: Partial<Drifted>): Drifted => ({
  path: 'k3s/ibgp.conf',
  is: 'changed',
  against: 'shipped',
  wanted: 'aa',
  text: SHIPPED.replace('15', '30'),
  ...more,
});
const shown = (...drift: readonly Drifted[]) =>
  driftText('gateway', drift, (path, hash) =>
    path === 'routers/gateway/k3s/ibgp.conf' && hash === 'aa' ? SHIPPED : undefined,
  );

describe('what was edited on a router', () => {
  test('is shown as a diff from what was shipped', () => {
    expect(shown(of({}))).toBe(`--- gateway: k3s/ibgp.conf, as shipped
+++ gateway: k3s/ibgp.conf, as it is
@@ -1,3 +1,3 @@
 template bgp k3speers {
-  hold time 15;
+  hold time 30;
 }`);
  });

  test('at the first delivery as a diff from what is to be shipped', () => {
    expect(shown(of({ against: 'to be shipped' }))).toMatch(
      /^--- gateway: k3s\/ibgp.conf, as it is to be shipped\n/,
    );
  });

  test('shows all of an added file, and everything that is missing', () => {
    const added = of({ path: 'k3s/own.conf', is: 'added', wanted: undefined, text: 'one;\n' });
    expect(shown(added)).toContain('@@ -0,0 +1,1 @@\n+one;');
    expect(shown(of({ is: 'missing', text: undefined }))).toContain('@@ -1,3 +0,0 @@\n-template');
  });

  test('says so if git does not have what was shipped', () => {
    expect(shown(of({ wanted: 'bb' }))).toBe(
      'gateway: k3s/ibgp.conf: no commit of this branch has the shipped file, so there is nothing to compare with',
    );
  });

  test('never shows a password, nor any part of the file with it', () => {
    const told = shown(
      of({ text: `${SHIPPED}protocol bgp x { password "geheim"; }\n` }),
      of({ path: 'k3s-password.conf', text: undefined }),
    );
    expect(told).not.toContain('geheim');
    expect(told).not.toContain('k3s-password.conf');
  });

  test('cannot control a terminal', () => {
    expect(shown(of({ text: `${SHIPPED}# \u001b[2J\n` }))).not.toMatch(/\p{Cc}(?<!\n)/u);
  });
});

test('the summary gives the outcome for each router, and what to do', () => {
  const results: Result[] = [
    { router: 'e1', outcome: 'shipped', fault: null },
    {
      router: 'e2',
      outcome: 'undone',
      fault: { code: 'gate', message: 'e2--w1/ipv4: is Active\nand more', fix: 'Check it.' },
    },
    { router: 'w1', outcome: 'untouched', fault: null },
  ];
  const plain = terminal({ command: 'ship', json: false, quiet: false, color: false });
  expect(shippedText(results, false, plain)).toBe(`e2 undone: e2--w1/ipv4: is Active
  and more
  Check it.
3 routers: 1 shipped, 1 not touched, 1 undone.
Routers that were not touched are unchanged. Fix what is reported above and ship again: it continues where it stopped.
Routers that were undone run, and have on disk, their previous configuration.`);
});

test('a check that finds a router dropping packets reports it beside the outcome', () => {
  const results: Result[] = [
    {
      router: 'e1',
      outcome: 'ready',
      fault: {
        code: 'unresolved',
        message: 'e1--e2/ipv4: 2 of the 2 routes are unreachable',
        fix: 'Let them be.',
      },
    },
    { router: 'w1', outcome: 'unchanged', fault: null },
  ];
  const plain = terminal({ command: 'ship', json: false, quiet: false, color: false });
  expect(shippedText(results, true, plain)).toBe(`e1 ready, but e1--e2/ipv4: 2 of the 2 routes are unreachable
  Let them be.
2 routers: 1 unchanged, 1 ready.`);
});
