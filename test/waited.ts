/** Polls until a condition holds that another process brings about. */
export async function waited(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 240,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
