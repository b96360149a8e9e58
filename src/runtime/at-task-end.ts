/** A function that has `run` called at the end of the present task, once, however often it is called before. */
export function atTaskEnd(run: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    void Promise.resolve().then(() => {
      isDue = false;
      run();
    });
  };
}
