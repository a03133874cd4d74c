const { join } = require('node:path');
// By path: jest maps the package's name to this file.
const fc = require(join(__dirname, '../node_modules/fast-check/lib/cjs/fast-check.js'));

/**
 * The same networks in every run: `npm test` judges a change, not its luck. New networks come from `npm run soak`, whose seed a failure
 * prints.
 */
fc.configureGlobal({ seed: Number(process.env.NOENCAP_SEED ?? 1) });

module.exports = fc;
