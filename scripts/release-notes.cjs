// Prints what CHANGELOG.md says of the version in package.json, for the release of a tag, which must be that version's.
'use strict';

const { readFileSync } = require('node:fs');

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const { GITHUB_REF_NAME: tag } = process.env;

try {
  process.stdout.write(notes());
} catch (error) {
  console.error(`::error title=No release::${error.message}`);
  process.exitCode = 1;
}

function notes() {
  if (tag !== `v${version}`) {
    throw new Error(
      `The tag is ${JSON.stringify(tag)}, and the version in package.json is ${version}: tag v${version}, or change the version first.`,
    );
  }
  const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^(?=## )/m);
  const at = sections.find((section) => section.startsWith(`## [${version}] - `));
  if (at === undefined) {
    throw new Error(
      `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD": rename Unreleased, and give it the day.`,
    );
  }
  const [heading = '', ...lines] = at.split('\n');
  if (!/ - \d{4}-\d\d-\d\d$/.test(heading))
    throw new Error(`The section of ${version} in CHANGELOG.md has no day: ${heading}`);
  const text = lines.join('\n').trim();
  if (text === '') throw new Error(`The section of ${version} in CHANGELOG.md is empty.`);
  return `${text}\n`;
}
