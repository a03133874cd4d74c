// The last line of a test run, in one form for people and machines. Skipped tests are counted apart: a test that did
// not run has not passed.
module.exports = class ClosingLine {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const tail = skipped === 0 ? '' : `, ${skipped} skipped`;
    process.stdout.write(`\nTests: ${results.numPassedTests} passed, ${failed} failed${tail}\n`);
  }
};
