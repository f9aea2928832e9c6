/** What has to be undone when a program ends, in the reverse order in which it was done, once, however it ends. */
export interface Cleanup {
  readonly defer: (name: string, undo: () => Promise<void> | void) => void;
  /** Undoes everything; one that fails does not keep the others from it. Called again it waits for the same. */
  readonly run: () => Promise<void>;
}

/** `tell` gets what could not be undone. */
export function createCleanup(tell: (line: string) => void): Cleanup {
  const steps: { readonly name: string; readonly undo: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;
  const unwind = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        tell(`${step.name} could not be stopped: ${String(error)}`);
      }
    }
  };
  return {
    defer: (name, undo) => void steps.push({ name, undo }),
    // What was begun while everything was undone already is undone by the next call.
    run: () => (running ??= unwind().finally(() => (running = undefined))),
  };
}
