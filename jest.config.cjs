const { availableParallelism } = require('node:os');
const { live, long, quick } = require('./test/tiers.cjs');

// These packages are published as ES modules only; jest's CommonJS runtime needs them transformed.
const esm = [
  '@noble',
  '@octokit',
  '@kubernetes',
  'jsonpath-plus',
  'jose',
  'oauth4webapi',
  'openid-client',
  '@scure',
  'age-encryption',
  'universal-user-agent',
  'before-after-hook',
  'content-type',
  'json-with-bigint',
  '@marcbachmann',
  'micromark[^/]*',
  'mdast-util[^/]*',
  'unist-util[^/]*',
  'ccount',
  'character-entities',
  'decode-named-character-reference',
  'devlop',
  'escape-string-regexp',
  'longest-streak',
  'markdown-table',
  'zwitch',
];

const common = {
  testEnvironment: 'node',
  // The built package has the name of this one.
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
  transform: {
    '^.+\\.[tj]sx?$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
    '\\.sh$': '<rootDir>/test/text.cjs',
  },
  moduleNameMapper: {
    '^fast-check$': '<rootDir>/test/fast-check.cjs',
    // Seven hundred generated files that the package leaves out, too: see scripts/package.ts.
    '^\\./gen/index\\.js$': '<rootDir>/test/no-generated-client.cjs',
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
};

const tier = (displayName, files) => ({
  ...common,
  displayName,
  testMatch: files.map((file) => `<rootDir>/test/${file}`),
});

module.exports = {
  // All tiers in one run: what waits for daemons leaves the processors to what computes.
  projects: [tier('quick', quick()), tier('long', long()), tier('live', live())],
  // Measured on two cores: the live tier takes half the time with six workers that it takes with two, and most of it is waiting.
  maxWorkers: Math.max(6, availableParallelism()),
  testSequencer: '<rootDir>/test/sequencer.cjs',
  // A busy machine is no fault: this is for what hangs.
  testTimeout: 600_000,
};
