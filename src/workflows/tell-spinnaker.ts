import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { JudgmentInput } from '../activities/tell-spinnaker';
import { workflowId } from '../domain/names';
import { endStatus, type Outcome } from '../domain/run';
import type { AfterDecisionSettings, ImageTagsSettings } from '../domain/settings';
import { duration, isExpected, timedOut, why } from './failures';
import { lateJudgment } from './late-judgment';
import type { Proxies } from './proxies';
import type { RunRecord } from './record';
import type { RunFacts } from './undo-steps';

const MINUTE = 60_000;

/** What Spinnaker is told of a decided run. None of it changes the run's ending; what could not be told is a note. */
export class SpinnakerTeller {
  constructor(
    private readonly record: RunRecord,
    private readonly facts: RunFacts,
    /** What every pipeline is given. */
    private readonly parameters: Readonly<Record<string, string>>,
    private readonly steps: Proxies,
  ) {}

  /** First the tags, so that what follows finds the image by them. */
  async tell(outcome: Outcome): Promise<void> {
    const { imageTags, afterDecision } = this.facts.opened.settings.line.spinnaker;
    if (imageTags && outcome.kind === 'published')
      await this.noting(imageTags.timeoutMinutes, "telling Spinnaker the image's tags", () => this.tags(imageTags));
    if (afterDecision)
      await this.noting(afterDecision.timeoutMinutes, 'telling Spinnaker the decision', () =>
        this.after(afterDecision, outcome),
      );
  }

  private async tags({ pipeline, timeoutMinutes }: ImageTagsSettings): Promise<void> {
    const { run, opened } = this.facts;
    const { candidate } = this.record.refs;
    if (candidate === null) throw new Error('nothing is published before it was a candidate');
    const limit = timeoutMinutes * MINUTE;
    const until = Date.now() + limit;
    const order = { run, line: opened.settings.line.name, candidate };
    const { parameters, steps } = this;
    const { executionId } = await steps.act(limit).startTagging({
      ...order,
      pipeline,
      parameters,
      pollSeconds: opened.settings.pollSeconds,
    });
    await steps.poll(Math.max(until - Date.now(), 1)).awaitTagging({
      ...order,
      executionId,
      isTask: pipeline === null,
      pollSeconds: opened.settings.pollSeconds,
    });
    this.record.note("Spinnaker knows the image's tags");
  }

  private async after(after: AfterDecisionSettings, outcome: Outcome): Promise<void> {
    const { run, opened } = this.facts;
    const limit = after.timeoutMinutes * MINUTE;
    if (after.kind === 'pipeline') {
      const { pipeline } = after;
      const parameters = { ...after.parameters, ...this.parameters, ...this.decided(outcome) };
      const { executionId } = await this.steps.act(limit).startAfter({
        run,
        pipeline,
        parameters,
        pollSeconds: opened.settings.pollSeconds,
      });
      this.record.note(`started pipeline ${pipeline}: ${executionId}`);
      return;
    }
    const { source } = opened.request;
    if (source?.kind !== 'spinnaker' || source.executionId === undefined) {
      this.record.note('no Spinnaker execution asked for this run, so no judgment waits for it');
      return;
    }
    const judgment: Omit<JudgmentInput, 'late'> = {
      run,
      executionId: source.executionId,
      stage: after.stage,
      judgment: outcome.kind === 'published' ? 'continue' : 'stop',
      status: endStatus(outcome),
      pollSeconds: opened.settings.pollSeconds,
    };
    const { begun, said } = await this.steps.poll(limit).giveJudgment({ ...judgment, late: false });
    if (!begun) return this.later(judgment, new Date(Date.now() + limit).toISOString());
    if (said === null) this.record.note(`told the stage "${after.stage}" to ${judgment.judgment}`);
    else this.facts.note(said);
  }

  /** The run shows its ending meanwhile: the stage that asked may wait for just that. */
  private async later(judgment: Omit<JudgmentInput, 'late'>, until: string): Promise<void> {
    await startChild(lateJudgment, {
      workflowId: workflowId.lateJudgment.of(judgment.run),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Answers the judgment that waits for run ${judgment.run}, once it has begun`,
      args: [{ ...judgment, until }],
    });
    this.facts.note(
      `the stage "${judgment.stage}" has not begun; it is told to ${judgment.judgment} when it has, until ${until}`,
    );
  }

  /** What the pipeline after the decision is given besides; all of it is there, and empty where nothing is known. */
  private decided(outcome: Outcome): Record<string, string> {
    const { image, evaluation } = this.record.known;
    const images = image ? [image, ...image.siblings] : [];
    return {
      amiId: image?.amiId ?? '',
      assayImages: images.map(({ region, amiId }) => `${region}=${amiId}`).join(),
      assayStatus: endStatus(outcome),
      assayVerdict: evaluation?.verdict ?? '',
      assayEvidence: evaluation?.evidenceDigest ?? '',
    };
  }

  private async noting(minutes: number, what: string, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      if (!isExpected(error)) throw error;
      const late = timedOut(error) ? ` was not done within ${duration(minutes)}` : ' failed';
      this.facts.note(`${what}${late}: ${why(error)}`);
    }
  }
}
