const { availableParallelism } = require('node:os');

// These packages are published as ES modules only; jest's CommonJS runtime needs them transformed.
const esm = [
  '@noble',
  '@octokit',
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

module.exports = {
  testEnvironment: 'node',
  // Much of what the tests do is waiting for daemons.
  maxWorkers: Math.max(2, availableParallelism()),
  // A busy machine is no fault.
  testTimeout: 60_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.[tj]sx?$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
};
