/** Waits until something holds; fails with its name when it does not come to hold. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience_ms = 10_000,
): Promise<void> {
  const end = performance.now() + patience_ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${patience_ms} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
