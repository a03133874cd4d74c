import fc from 'fast-check';
import { BIRD_WORDS } from '../../bird/words.ts';
import { birdSymbol } from '../../topology/names.ts';
import { birdSays } from '../routers/bird.ts';

/** BIRD's answer to a name used for a table, and for a constant. */
function asSymbol(name: string): string {
  const uses = [
    `ipv4 table ${name};`,
    `define ${name} = 1;\nprotocol bgp { local as ${name}; neighbor 192.0.2.1 as 1; ipv4; }`,
  ];
  for (const use of uses) {
    const said = birdSays(new Map([['bird.conf', `router id 192.0.2.9;\nprotocol device {}\n${use}\n`]]));
    if (said !== '') return said;
  }
  return '';
}

test('each word on the list is refused by BIRD as a table or a constant, and by us', () => {
  expect(BIRD_WORDS.size).toBeGreaterThan(400);
  for (const word of BIRD_WORDS) {
    expect({ word, refused: asSymbol(word) !== '' }).toEqual({ word, refused: true });
    expect({ word, taken: birdSymbol.safeParse(word).success }).toEqual({ word, taken: false });
  }
});

test('a symbol that we accept is valid in BIRD', () => {
  const names = fc.oneof(
    fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/),
    fc.stringMatching(/^[a-f][0-9a-f]{0,40}$/),
    fc.stringMatching(/^[a-z]{2,5}$/),
    fc.constantFrom('internal_table', 'x', '_', 'K3S_AS', 'T4', 'intra_table_v4', 'f'.repeat(31)),
  );
  fc.assert(
    fc.property(names, (name) => {
      if (birdSymbol.safeParse(name).success)
        expect({ name, said: asSymbol(name) }).toEqual({ name, said: '' });
    }),
    { numRuns: 300 },
  );
});
