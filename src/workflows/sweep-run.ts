import type { SweepInput, SweepResult } from './messages';
import { proxies } from './proxies';
import { Undo } from './undo';
import { expiryOf, undoBake, undoBrought, undoImage, undoInstance, type RunFacts } from './undo-steps';

/** Cleans up after a run that was terminated or timed out inside Temporal: the run's own undo, from what evidence knows. */
export async function sweepRun({ run }: SweepInput): Promise<SweepResult> {
  const opened = await proxies(5).act().openSweep({ run });
  const { pollSeconds } = opened.settings;
  const steps = proxies(pollSeconds);
  const cleaned: string[] = [];
  const facts: RunFacts = {
    run,
    opened,
    startedAt: opened.at,
    expires: expiryOf(opened),
    image: opened.image,
    tagged: false,
    named: [],
    instance: null,
    bake: null,
    deploy: null,
    bakeOver: true,
    bakeReached: opened.request.image === undefined,
    deployReached: opened.request.instance === undefined,
    note: (text) => void cleaned.push(text),
  };
  const instance = opened.request.instance ? undoBrought : undoInstance;
  const undo = new Undo();
  for (const step of [undoImage(facts, steps), undoBake(facts, steps), instance(facts, steps)])
    undo.add({
      ...step,
      run: async (limitMs, which) => {
        await step.run(limitMs, which);
        cleaned.push(`${step.name}: clean`);
      },
    });
  await undo.all('everything', pollSeconds, () => undefined);
  return { cleaned };
}
