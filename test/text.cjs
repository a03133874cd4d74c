/** A file that is imported as the text that it is, as in the bundle: the parts of the router script. */
module.exports = {
  process: (text) => ({ code: `module.exports = { __esModule: true, default: ${JSON.stringify(text)} };` }),
};
