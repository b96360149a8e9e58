/**
 * Runs listeners and callbacks of the application as `ws` does: what they throw is an uncaught exception of the process,
 * and nothing of ours is disturbed by it.
 */
export function runUncaught(run: () => void): void {
  try {
    run();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
