/** The text of the file, embedded by the bundle (bin/noencap) and in tests (test/text.cjs). */
declare module '*.sh' {
  const text: string;
  export default text;
}
