const { join } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;
const { FIRST } = require('./tiers.cjs');

/** The longest tests first, whether jest has seen them before or not. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = new Map(FIRST.map((file, index) => [join(__dirname, file), index]));
    const rank = ({ path }) => place.get(path) ?? FIRST.length;
    // The sort is stable: the rest stays in jest's own order.
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
