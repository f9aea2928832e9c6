import { CELLS, mixOf, REFUSED, table, type Mix } from './mixes';
import { openStage, play, type Played, type Stage } from './play';

/** `npm run chaos` sets these. Mixes are a number of them, or `FROM-TO` for those alone. */
const { ASSAY_CHAOS_SEED = '1', ASSAY_CHAOS_MIXES = '40', ASSAY_CHAOS_WHOLE } = process.env;
const whole = ASSAY_CHAOS_WHOLE !== undefined;
const seed = Number(ASSAY_CHAOS_SEED);
const range = /^(\d+)-(\d+)$/.exec(ASSAY_CHAOS_MIXES);
const [first, last] = range ? [Number(range[1]), Number(range[2])] : [0, Number(ASSAY_CHAOS_MIXES) - 1];
const mixes = Array.from({ length: last - first + 1 }, (_, index) => mixOf(seed, first + index));

async function withStage(stage: Stage, test: () => Promise<void>): Promise<void> {
  try {
    await test();
  } finally {
    await stage.close();
  }
}

test('whatever befalls requests to Gate, a run has one bake and one deploy, ends as meant and leaves nothing', async () => {
  const stage = await openStage();
  await withStage(stage, async () => {
    const began = Date.now();
    const played = await play(stage, [...(range ? [] : table(whole)), ...mixes], tell);
    const seconds = Math.round((Date.now() - began) / 1000);
    say(`${summary(played)}; ${stage.assay.simulator.state().executions.length} executions, ${seconds} s`);
    expect(failures(played)).toEqual([]);
    expect(stage.proxy.strange).toEqual([]);
    if (!range) expect(missed(played)).toEqual([]);
  });
}, 5_400_000);

test('a Gate that refuses for good ends a run with clear words, and what it made is taken away through AWS', async () => {
  // A quarter of the steps' limits, and the undo's patience, are longer than what is under way in Spinnaker takes.
  const stage = await openStage(0.6, { unreachableMinutes: 0.15 });
  await withStage(stage, async () => {
    expect(failures(await play(stage, REFUSED, tell))).toEqual([]);
  });
}, 300_000);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function tell({ mix, run, wrong, status, met, seconds }: Played): void {
  if (!whole && wrong.length === 0) return;
  say(
    `${run}, ${mix.name}: ${status?.status ?? 'open'}, ${met.length} faults met, ${Math.round(seconds)} s ${wrong.join(' | ')}`,
  );
}

/** With the mix, which says all that befell the run. */
const failures = (played: readonly Played[]): readonly string[] =>
  played.filter(({ wrong }) => wrong.length > 0).map(({ mix, wrong }) => `${wrong.join(' | ')}: ${told(mix)}`);

/** Cells of routes and kinds that no run has met. */
function missed(played: readonly Played[]): readonly string[] {
  const met = new Set(played.flatMap((one) => one.met.map(({ route, kind }) => `${kind} on ${route}`)));
  return CELLS.map(({ route, kind }) => `${kind} on ${route}`).filter((cell) => !met.has(cell));
}

const told = (mix: Mix): string => JSON.stringify(mix);

function summary(played: readonly Played[]): string {
  const endings = new Map<string, number>();
  for (const { status } of played)
    endings.set(status?.status ?? 'open', (endings.get(status?.status ?? 'open') ?? 0) + 1);
  const met = played.reduce((sum, one) => sum + one.met.length, 0);
  const ends = [...endings].map(([name, count]) => `${count} ${name}`).join(', ');
  return `chaos: seed ${seed}, mixes ${first} to ${last}, ${played.length} runs (${ends}), ${met} faults met`;
}
