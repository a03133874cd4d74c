/** The bundle has such a file's text in it (bin/noencap), and so do tests (test/text.cjs). */
declare module '*.sh' {
  const text: string;
  export default text;
}
