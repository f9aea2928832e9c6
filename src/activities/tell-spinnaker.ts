import type { Execution, ExecutionStage } from '../adapters/ports';
import { Final } from '../domain/errors';
import { candidateTags, type Image } from '../domain/image';
import { TAG } from '../domain/names';
import type { EndStatus } from '../domain/run';
import { notReady, remember, remembered } from './attempt';
import { patient, readExecution, startOnce, type Started, type StartInput } from './bake';
import { gateOf, type Deps } from './deps';
import { assertPipeline, sealedRequest, sealedSettings } from './sealed';

/** How a stage of manual judgment is answered (Orca, `ManualJudgmentStage`). */
export type Judgment = 'continue' | 'stop';

export interface JudgmentInput {
  readonly run: string;
  readonly executionId: string;
  /** Name of the stage. */
  readonly stage: string;
  readonly judgment: Judgment;
  /** What `#judgment('…')` gives in later stages. */
  readonly status: EndStatus;
  /** Waits for a stage that has not begun. */
  readonly late: boolean;
  readonly pollSeconds: number;
}

export interface JudgmentGiven {
  /** False: the stage had not begun, or no stage shows yet that it asked for this run; nothing was given. */
  readonly begun: boolean;
  /** What is to be said of a judgment that somebody gave before. */
  readonly said: string | null;
}

export const createTellSpinnakerActivities = (deps: Deps) => ({
  /**
   * Has Spinnaker set an approved image's tags, once, in all its regions: by the named pipeline, or by an ad-hoc task. Tells
   * nothing that EC2 does not say itself, so that nobody can have an image approved in this way.
   */
  async startTagging(
    input: Omit<StartInput, 'pipeline'> & { line: string; pipeline: string | null; candidate: string },
  ) {
    const { run, line, pipeline } = input;
    const { image, siblings } = await deps.documents.load('candidate', input.candidate);
    const key = { run, step: 'tags', n: 1 } as const;
    const regions = [image, ...siblings].map(({ region }) => region);
    const tags = approvedTags(run, line);
    const gate = gateOf(deps);
    await assertPipeline(deps, input, ({ spinnaker }) => spinnaker.imageTags?.pipeline);
    for (const { id, region } of [image, ...siblings]) {
      const now = await deps.aws.region(region).images.describe(id);
      if (Object.entries(tags).some(([tag, value]) => now.tags[tag] !== value))
        throw new Final(`EC2 does not show ${id} in ${region} as approved in run ${run}`);
    }
    return startOnce(input.pollSeconds, (assertWanted) =>
      pipeline === null
        ? gate.startTask(key, tagJob(image, regions, tags), { assertWanted })
        : gate.start(
            key,
            pipeline,
            {
              ...input.parameters,
              amiId: image.id,
              imageName: image.name,
              imageRegions: regions.join(),
              imageTags: JSON.stringify(tags),
            },
            { assertWanted },
          ),
    );
  },

  /** Waits until that is over and Spinnaker's cache shows the tags. EC2 stays the authority: this only makes it known sooner. */
  async awaitTagging(input: {
    run: string;
    line: string;
    executionId: string;
    isTask: boolean;
    candidate: string;
    pollSeconds: number;
  }): Promise<void> {
    const { run, line, executionId, pollSeconds } = input;
    const gate = gateOf(deps);
    if (remembered<'over'>() !== 'over') {
      const execution = await readExecution(deps, executionId, input.isTask ? 'task' : 'execution');
      if (!execution.over) throw notReady(execution.progress, pollSeconds);
      if (execution.status !== 'SUCCEEDED' || execution.failure !== null)
        throw new Final(`${executionId} ended ${execution.status}: ${execution.failure ?? 'no reason given'}`);
      // What it did is looked at from now on, not what Gate says of it.
      remember('over');
    }
    const { image, siblings } = await deps.documents.load('candidate', input.candidate);
    for (const { id, region, name } of [image, ...siblings]) {
      const shown = await patient(() => gate.imageTags({ region, name, amiId: id }));
      const missing = Object.entries(approvedTags(run, line)).filter(([tag, value]) => shown?.[tag] !== value);
      if (missing.length > 0)
        throw notReady(
          `Spinnaker's cache does not show ${missing.map(([tag]) => tag).join(', ')} of ${id}`,
          pollSeconds,
        );
    }
  },

  /** Starts the pipeline that follows a decision, once. It is not told of an approval that is not in the evidence. */
  async startAfter(input: StartInput): Promise<Started> {
    const { run, pipeline, parameters, pollSeconds } = input;
    await assertPipeline(deps, input, ({ spinnaker: { afterDecision } }) =>
      afterDecision?.kind === 'pipeline' ? afterDecision.pipeline : undefined,
    );
    if (parameters['assayStatus'] === 'SUCCEEDED') await assertPublished(deps, run, parameters['amiId']);
    return startOnce(pollSeconds, (assertWanted) =>
      gateOf(deps).start({ run, step: 'after', n: 1 }, pipeline, parameters, { assertWanted }),
    );
  },

  /**
   * Answers the manual judgment that waits for the decision in the execution that asked, and reads back that the stage took
   * it, because Gate answers 200 whatever became of a PATCH. Only in an execution one of whose stages asked for this very run:
   * a request may name any, and Assay's user may judge more than who asked.
   */
  async giveJudgment(input: JudgmentInput): Promise<JudgmentGiven> {
    const { run, executionId, judgment, pollSeconds } = input;
    await assertAsked(deps, input);
    if (judgment === 'continue') await assertPublished(deps, run);
    const execution = await readExecution(deps, executionId);
    const stage = judgmentStage(execution, input);
    if (!asked(execution, run)) {
      if (execution.over || !execution.stages.some(mayStillAsk))
        throw new Final(`no stage of execution ${executionId} asked for run ${run}; its judgments are left`);
      if (!input.late) return { begun: false, said: null };
      throw notReady(`no stage of execution ${executionId} shows yet that it asked for run ${run}`, pollSeconds);
    }
    const name = `the stage "${stage.name}" of execution ${executionId}`;
    const told = stage.judgment;
    if (told === 'continue' || told === 'stop') {
      if (told !== judgment) return { begun: true, said: `${name} was told "${told}" by somebody else; it is left so` };
      // Orca's task takes it at its next run, and takes it back where our user may not judge (`selectedStageRoles`).
      if (isWaiting(stage)) throw notReady(`${name} has not taken the judgment yet`, pollSeconds);
      return { begun: true, said: null };
    }
    if (stage.status !== 'NOT_STARTED' && !isWaiting(stage))
      throw new Final(`${name} is ${stage.status}, without a judgment`);
    if (!isWaiting(stage)) {
      // The stage that asked may wait for the run's ending before this one begins: a run does not wait for it in turn.
      if (!input.late) return { begun: false, said: null };
      throw notReady(`${name} has not begun`, pollSeconds);
    }
    const context = { judgmentStatus: judgment, judgmentInput: input.status };
    await patient(() => gateOf(deps).patchStage(executionId, stage.id, context));
    throw notReady(
      `${name} was told "${judgment}" and does not show it; may Assay's user judge it?`,
      Math.min(pollSeconds, 5),
    );
  },
});

/** The same proof as for a publication: the sealed result of it, which whoever can write to Temporal cannot make. */
async function assertPublished({ documents }: Deps, run: string, amiId?: string): Promise<void> {
  const result = (await documents.readNamed('publication', run))?.result;
  if (!result || result.kind === 'failed') throw new Final(`nothing in the evidence says that run ${run} was approved`);
  if (amiId !== undefined && result.kind === 'published' && result.published.some((one) => one.amiId !== amiId))
    throw new Final(`run ${run} did not publish ${amiId}`);
}

/** Throws for a judgment that the run's line does not give, or not in the execution that asked for the run. */
async function assertAsked(deps: Deps, { run, executionId, stage }: JudgmentInput): Promise<void> {
  const { afterDecision } = (await sealedSettings(deps, run)).settings.line.spinnaker;
  const { source } = (await sealedRequest(deps, run)).request;
  if (afterDecision?.kind !== 'judgment' || afterDecision.stage !== stage || source?.executionId !== executionId)
    throw new Final(`run ${run} has no judgment "${stage}" to give in execution ${executionId}`);
}

const isWaiting = ({ status }: ExecutionStage): boolean =>
  status === 'RUNNING' || status === 'PAUSED' || status === 'SUSPENDED';

/** A webhook stage keeps the address that it was given for its run. */
const asked = ({ stages }: Execution, run: string): boolean =>
  stages.some(({ statusUrl }) => statusUrl !== null && runAt(statusUrl) === run);

/** A stage at work that has not shown yet what it asked for. */
const mayStillAsk = ({ status, type, statusUrl }: ExecutionStage): boolean =>
  status === 'RUNNING' && type !== 'manualJudgment' && statusUrl === null;

/** The run whose status an address shows. */
function runAt(url: string): string | null {
  const [, id] = /\/v1\/runs\/([^/?#]+)$/.exec(url) ?? [];
  try {
    return id === undefined ? null : decodeURIComponent(id);
  } catch {
    return null;
  }
}

function judgmentStage(execution: Execution, { executionId, stage: name }: JudgmentInput): ExecutionStage {
  const stages = execution.stages.filter((stage) => stage.type === 'manualJudgment' && stage.name === name);
  const [stage] = stages;
  if (!stage || stages.length > 1)
    throw new Final(`execution ${executionId} has ${stages.length} manual judgments named "${name}", not one`);
  if (execution.over && stage.status === 'NOT_STARTED')
    throw new Final(`execution ${executionId} is ${execution.status}, and its stage "${name}" never began`);
  return stage;
}

/** As AWS has them after the publication. */
const approvedTags = (run: string, line: string): Record<string, string> => ({
  ...candidateTags(run, line),
  [TAG.state]: 'approved',
});

/** Orca's stage `upsertImageTags` knows images by their names, and has to find them in Clouddriver's cache. */
const tagJob = ({ name }: Image, regions: readonly string[], tags: Readonly<Record<string, string>>) => ({
  type: 'upsertImageTags',
  cloudProvider: 'aws',
  cloudProviderType: 'aws',
  imageNames: [name],
  regions,
  tags,
});
