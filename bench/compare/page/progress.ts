import { Reporter } from '../../shared/reporter.ts';

export const reporter: Reporter = new Reporter();
let steps = 0;

/** The bench gives up when it hears nothing for long. */
export function tellProgress(): void {
  reporter.progress(++steps, 0);
}
