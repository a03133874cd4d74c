import { explainBirdError } from '../../bird/error.ts';

const FILES = new Map([['k3s/ibgp.conf', 'protocol bgp a {\n  local as 64512;\n\tneighbour 10.0.0.1;\n}\n']]);

test("BIRD's error is above the lines that it is about, with a caret", () => {
  const explained = explainBirdError('k3s/ibgp.conf:2:9 syntax error, unexpected AS', FILES);
  expect(explained).toBe(`k3s/ibgp.conf:2:9 syntax error, unexpected AS
  1 | protocol bgp a {
  2 |   local as 64512;
    |         ^
  3 | \tneighbour 10.0.0.1;`);
});

test('a tab before the place is a tab before the caret', () => {
  expect(explainBirdError('k3s/ibgp.conf:3:2 syntax error', FILES)).toContain('\n    | \t^\n  4 | }');
});

test('the first and the last line have no lines beyond them them', () => {
  expect(explainBirdError('k3s/ibgp.conf:1:1 x', FILES)).toContain(' x\n  1 | protocol');
  expect(explainBirdError('a:1:1 x', new Map([['a', 'b']]))).toBe('a:1:1 x\n  1 | b\n    | ^');
});

test.each(['bird.conf:3:1 syntax error', 'k3s/ibgp.conf:99:1 syntax error', 'No such file or directory', ''])(
  '%j stands alone: its lines are not known',
  (complaint) => {
    expect(explainBirdError(complaint, FILES)).toBe(complaint);
  },
);
