import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { Notification } from '../adapters/ports';
import type { OpenedRun } from '../activities/run';
import type { ApprovalContext } from '../domain/approval';
import type { PublicationResult } from '../domain/evidence';
import { MESSAGE } from '../domain/names';
import {
  endStatus,
  type AssessmentRef,
  type CandidateImage,
  type Evaluation,
  type Outcome,
  type TestInstance,
} from '../domain/run';
import type { AssessorSettings } from '../domain/settings';
import type { StatusDocument } from '../domain/status';
import { ApprovalDesk } from './approvals';
import { CancelSwitch } from './cancel';
import { duration, isExpected, refused, timedOut, why } from './failures';
import { launchInstance } from './launch';
import type { GoldenImageInput } from './messages';
import { HOUR, proxies, type Proxies } from './proxies';
import { failed, RunRecord } from './record';
import { SpinnakerTeller } from './tell-spinnaker';
import { Undo } from './undo';
import { expiryOf, mayHaveReached, undoBake, undoBrought, undoImage, undoInstance, type RunFacts } from './undo-steps';

const publishedSignal = defineSignal<[trouble?: string]>(MESSAGE.published);
const MINUTE = 60_000;
const NO_WAY_BACK = 'the last needed decision has been counted';
/** Until the run's own settings are read. */
const DEFAULT_POLL_SECONDS = 5;

/** One image's passage: bake, tag, deploy, assess, judge, ask people, publish or reject, clean up. */
export async function goldenImage(input: GoldenImageInput): Promise<StatusDocument> {
  const run = new GoldenImageRun(input);
  return run.toItsEnd();
}

class GoldenImageRun {
  private readonly record: RunRecord;
  private readonly undo = new Undo();
  private readonly desk: ApprovalDesk;
  private readonly cancel: CancelSwitch;
  private pollSeconds = DEFAULT_POLL_SECONDS;
  private lineHasSpoken = false;
  /** Why the line could not come to a result, as it says. */
  private lineTrouble: string | null = null;

  constructor(private readonly input: GoldenImageInput) {
    this.record = new RunRecord(input);
    this.desk = new ApprovalDesk(this.record, () => this.cancel.seal(NO_WAY_BACK));
    this.cancel = new CancelSwitch((reason) => {
      this.record.note(`canceled by ${reason}`);
      this.record.markCanceled();
    });
    setHandler(publishedSignal, (trouble) => {
      this.lineHasSpoken = true;
      this.lineTrouble = typeof trouble === 'string' ? trouble.slice(0, 500) : null;
    });
  }

  async toItsEnd(): Promise<StatusDocument> {
    const outcome = await this.outcome();
    // Ends the watch on the stage that asked.
    this.cancel.scope.cancel();
    return CancellationScope.nonCancellable(async () => {
      this.cancel.seal('the run is ending');
      this.desk.close();
      // Beside the clean-up, which may take long where something is stuck.
      await Promise.all([this.cleanUp(outcome), this.teller?.tell(outcome)]);
      await this.close(outcome);
      await condition(allHandlersFinished);
      return this.record.document();
    });
  }

  /** The story, or how it was cut short. Only what the run is built for becomes an outcome. */
  private async outcome(): Promise<Outcome> {
    try {
      const outcome = await this.cancel.scope.run(() => this.story());
      return this.canceled() ?? outcome;
    } catch (error) {
      if (!isExpected(error) && !isCancellation(error)) throw error;
      const canceled = this.canceled();
      if (canceled) return canceled;
      if (isCancellation(error)) return { kind: 'canceled', reasons: ['canceled by Temporal'] };
      return failed(`${this.record.state.stage}: ${why(error)}`);
    }
  }

  /**
   * A cancel that was accepted is the ending, however the step that was under way came back: the server reports an attempt
   * that failed after it was asked to stop as failed, not as cancelled.
   */
  private canceled(): Outcome | undefined {
    const { reason } = this.cancel;
    return reason === null ? undefined : { kind: 'canceled', reasons: [`canceled by ${reason}`] };
  }

  private async story(): Promise<Outcome> {
    const { id: run, line, token } = this.input;
    const opened = await proxies(DEFAULT_POLL_SECONDS).act().openRun({ run, line, token });
    this.record.settings = opened.settings;
    this.record.keep({ settings: opened.settingsRef });
    this.pollSeconds = opened.settings.pollSeconds;
    const steps = proxies(this.pollSeconds);
    const facts = this.facts(opened);
    this.teller = new SpinnakerTeller(this.record, facts, this.ours(facts), steps);
    const watch = this.watch(opened, steps);

    const image = await this.bake(facts, steps);
    watch.stage();
    await this.tag(image, facts, steps);
    watch.stage();
    const instance = await this.deploy(image, facts, steps);
    watch.stage();
    const assessments = await this.assess(image, instance, opened, steps);
    const evaluation = await this.evaluate(image, opened, assessments, steps);
    watch.stage();
    const verdict = await this.judge(evaluation, opened, steps);
    if (verdict !== 'approved') return verdict;
    if (!this.cancel.seal(NO_WAY_BACK)) throw new CancelledFailure('canceled before the verdict');
    return CancellationScope.nonCancellable(() => this.publish(evaluation, steps));
  }

  private facts(opened: OpenedRun): RunFacts {
    return {
      run: this.input.id,
      opened,
      startedAt: this.record.startedAt,
      expires: expiryOf(opened),
      image: null,
      tagged: false,
      named: [],
      instance: null,
      bake: null,
      deploy: null,
      bakeOver: true,
      bakeReached: false,
      deployReached: false,
      note: (text) => {
        this.notes.push(text);
        this.record.note(text);
      },
    };
  }

  /** Said in the reasons of the ending. */
  private readonly notes: string[] = [];
  /** Null until the run knows its settings. */
  private teller: SpinnakerTeller | null = null;

  /** Watches the Spinnaker stage that asked, beside everything else; its end counts as cancel. */
  private watch({ request, settings }: OpenedRun, steps: Proxies): { stage(): void } {
    const source = request.source;
    const executionId = source?.executionId;
    if (source?.kind !== 'spinnaker' || executionId === undefined || !settings.spinnaker)
      return { stage: () => undefined };
    const input = { executionId, stageRefId: source.stageRefId ?? null };
    const { watchSeconds, unreachableMinutes } = settings.spinnaker;
    const attend = async (look: Promise<{ ended: string | null }>): Promise<void> => {
      try {
        const { ended } = await look;
        if (ended !== null) this.cancel.cancel(ended);
      } catch (error) {
        // A look that failed says nothing of the stage; the run's own end cancels the watch.
        if (!isCancellation(error) && !isExpected(error)) throw error;
      }
    };
    void attend(steps.watch().watchSource({ ...input, watchSeconds, unreachableMinutes }));
    return { stage: () => void attend(steps.hint().checkSource(input)) };
  }

  private async bake(facts: RunFacts, steps: Proxies): Promise<CandidateImage> {
    const { opened } = facts;
    const { line } = opened.settings;
    const brought = opened.request.image;
    if (brought) {
      this.undo.add(undoImage(facts, steps));
      // Given away with the request, whatever the run comes to.
      if (opened.request.instance) this.undo.add(undoBrought(facts, steps));
      return { amiId: brought.id, region: brought.region, baked: false, siblings: [] };
    }
    const bake = line.bake;
    if (!bake) throw new Error('openRun lets no run pass that can neither bake nor bring an image');
    const limit = bake.timeoutMinutes * MINUTE;
    const until = Date.now() + limit;
    this.undo.add(undoImage(facts, steps));
    this.undo.add(undoBake(facts, steps));
    this.record.enter({ ...this.record.known, stage: 'baking' }, `starting pipeline ${bake.pipeline}`);
    const regions = bake.regions.length > 1 ? { assayRegions: bake.regions.join() } : {};
    const parameters = { ...bake.parameters, ...opened.request.parameters, ...this.ours(facts), ...regions };
    facts.bakeReached = true;
    const { executionId } = (facts.bake = await this.reaching(
      () =>
        steps
          .act(limit)
          .startBake({ run: facts.run, pipeline: bake.pipeline, parameters, pollSeconds: this.pollSeconds }),
      (reached) => (facts.bakeReached = reached),
    ));
    this.record.enter({ ...this.record.known, stage: 'baking' }, `baking in Spinnaker execution ${executionId}`);
    const { image, siblings, ref } = await this.within(bake.timeoutMinutes, 'the bake', () =>
      steps
        .poll(Math.max(until - Date.now(), 1))
        .awaitBake({ run: facts.run, executionId, regions: bake.regions, pollSeconds: this.pollSeconds }),
    );
    this.record.keep({ bake: ref });
    return { ...image, baked: true, siblings };
  }

  private async tag(image: CandidateImage, facts: RunFacts, steps: Proxies): Promise<void> {
    const { opened } = facts;
    const { id: run, line } = this.input;
    facts.image = image;
    this.record.enter({ ...this.record.known, image, stage: 'tagging' }, `tagging ${image.amiId} as candidate`);
    facts.tagged = true;
    try {
      const { ref } = await steps.poll(HOUR).tagCandidate({
        run,
        line,
        ...image,
        bake: this.record.refs.bake,
        instanceId: opened.request.instance?.id ?? null,
        startedAt: facts.startedAt,
        pollSeconds: this.pollSeconds,
      });
      this.record.keep({ candidate: ref });
    } catch (error) {
      facts.tagged = !refused(error);
      throw error;
    }
  }

  private async deploy(image: CandidateImage, facts: RunFacts, steps: Proxies): Promise<TestInstance> {
    const { opened, expires, run } = facts;
    const { line } = opened.settings;
    const { region } = line;
    const brought = opened.request.instance;
    if (brought) {
      this.record.enter(
        { ...this.record.known, image, stage: 'deploying' },
        `using the brought instance ${brought.id}`,
      );
      const { id: instanceId, destroy } = brought;
      facts.instance = await steps.act().adoptInstance({ run, line: line.name, region, instanceId, expires, destroy });
      return facts.instance;
    }
    this.undo.add(undoInstance(facts, steps));
    const deploy = line.deploy;
    if (!deploy) throw new Error('openRun lets no run pass that can neither deploy nor bring an instance');
    if (deploy.kind === 'ec2')
      return this.within(deploy.timeoutMinutes, 'the deploy', () =>
        launchInstance({ facts, deploy, amiId: image.amiId, steps }, (progress) =>
          this.record.enter({ ...this.record.known, image, stage: 'deploying' }, progress),
        ),
      );
    const limit = deploy.timeoutMinutes * MINUTE;
    const until = Date.now() + limit;
    this.record.enter({ ...this.record.known, image, stage: 'deploying' }, `starting pipeline ${deploy.pipeline}`);
    const parameters = { ...deploy.parameters, ...opened.request.parameters, ...this.ours(facts), amiId: image.amiId };
    facts.deployReached = true;
    const { executionId } = (facts.deploy = await this.reaching(
      () => steps.act(limit).startDeploy({ run, pipeline: deploy.pipeline, parameters, pollSeconds: this.pollSeconds }),
      (reached) => (facts.deployReached = reached),
    ));
    this.record.enter(
      { ...this.record.known, image, stage: 'deploying' },
      `deploying in Spinnaker execution ${executionId}`,
    );
    facts.instance = await this.within(deploy.timeoutMinutes, 'the deploy', () =>
      steps.poll(Math.max(until - Date.now(), 1)).awaitInstance({
        run,
        line: line.name,
        amiId: image.amiId,
        region,
        executionId,
        expires,
        pollSeconds: this.pollSeconds,
      }),
    );
    return facts.instance;
  }

  private async assess(
    image: CandidateImage,
    instance: TestInstance,
    { settings }: OpenedRun,
    steps: Proxies,
  ): Promise<AssessmentRef[]> {
    const assessors = settings.line.assess;
    const names = assessors.map(({ kind }) => kind).join(', ');
    this.record.enter({ ...this.record.known, image, instance, stage: 'assessing' }, `assessing with ${names}`);
    const assessments = await Promise.all(
      assessors.map((assessor) => this.assessWith(assessor, image, instance, steps)),
    );
    this.record.keep({ assessments: assessments.map(({ ref }) => ref) });
    return assessments;
  }

  private async assessWith(
    assessor: AssessorSettings,
    { amiId, region }: CandidateImage,
    { instanceId }: TestInstance,
    steps: Proxies,
  ): Promise<AssessmentRef> {
    const run = this.input.id;
    const since = new Date().toISOString();
    const input = { run, region, amiId, instanceId, since, assessor, pollSeconds: this.pollSeconds };
    try {
      return await steps.poll(assessor.timeoutMinutes * MINUTE).assess(input);
    } catch (error) {
      if (isCancellation(error) || !isExpected(error)) throw error;
      const status = timedOut(error) ? 'incomplete' : 'failed';
      return steps.act().recordUnassessed({ ...input, status, reason: why(error) });
    }
  }

  private async evaluate(
    image: CandidateImage,
    { settingsRef }: OpenedRun,
    assessments: readonly AssessmentRef[],
    steps: Proxies,
  ): Promise<Evaluation> {
    const { instance } = this.record.known;
    if (!instance) throw new Error('nothing is evaluated before it is deployed');
    this.record.enter(
      { ...this.record.known, image, instance, assessments, stage: 'evaluating' },
      'judging the findings',
    );
    const { refs } = this.record;
    const evaluation = await steps.act().evaluate({ run: this.input.id, amiId: image.amiId, refs, settingsRef });
    this.record.keep({ evaluation: evaluation.ref });
    this.record.state = { ...this.record.state, evaluation } as RunRecord['state'];
    return evaluation;
  }

  /** What the verdict leads to: publication, the end, or the question to people. */
  private async judge(evaluation: Evaluation, opened: OpenedRun, steps: Proxies): Promise<'approved' | Outcome> {
    const { approval } = opened.settings.line;
    if (evaluation.verdict === 'deny') return { kind: 'denied', reasons: ['denied by policy'] };
    if (evaluation.verdict === 'approve' && approval.auto) return 'approved';
    return this.ask(evaluation, opened, steps);
  }

  private async ask(evaluation: Evaluation, opened: OpenedRun, steps: Proxies): Promise<'approved' | Outcome> {
    const { image, instance } = this.record.known;
    if (!image || !instance) throw new Error('nobody is asked about an image that is not known');
    const { approval: settings } = opened.settings.line;
    const { at } = await steps.always().openApproval({ run: this.input.id });
    const deadline = new Date(Date.parse(at) + settings.deadlineHours * HOUR).toISOString();
    const approval = { evidenceDigest: evaluation.evidenceDigest, deadline, decisions: [], refused: [] };
    const known = { ...this.record.known, image, instance, evaluation, approval };
    this.record.enter({ ...known, stage: 'awaiting-approval' }, `waiting for a decision until ${deadline}`);
    const context: ApprovalContext = {
      settings,
      approvers: opened.settings.approvers,
      requestedBy: opened.request.requestedBy ?? null,
      askedBy: opened.subject,
      credential: opened.credential,
    };
    // The deadline runs, and decisions count, whether or not a message gets out; and nobody waits for one that the end overtakes.
    const ask = (subject: string): void =>
      void this.notify(subject, steps).catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
    ask(`approval needed: ${image.amiId} of ${this.input.line}`);
    const result = await this.desk.decided(this.input.id, context, steps, {
      everyMs: settings.remindHours * HOUR,
      call: () => ask(`reminder, approval needed: ${image.amiId} of ${this.input.line}`),
    });
    if (result === 'expired') return { kind: 'denied', reasons: [`nobody decided before the deadline ${deadline}`] };
    if (result.kind === 'denied')
      return { kind: 'denied', reasons: [`denied by ${result.by}${result.comment ? `: ${result.comment}` : ''}`] };
    return 'approved';
  }

  private async publish(evaluation: Evaluation, steps: Proxies): Promise<Outcome> {
    const { image, instance } = this.record.known;
    if (!image || !instance) throw new Error('nothing is published before it is known');
    this.record.enter(
      { ...this.record.known, image, instance, evaluation, stage: 'publishing' },
      'waiting for the line to publish',
    );
    const result = await this.published(steps);
    switch (result.kind) {
      case 'published':
        return { kind: 'published', published: result.published, reasons: [] };
      case 'superseded':
        return { kind: 'published', published: [], reasons: [`superseded by ${result.by}`] };
      case 'failed':
        return failed(`publication: ${result.error}`);
    }
  }

  /** Asks the line and waits. Its signal is a hint only; what counts is what the worker wrote into the evidence. */
  private async published(steps: Proxies): Promise<PublicationResult> {
    const { id: run, line } = this.input;
    for (let patience = MINUTE; ; patience = Math.min(patience * 2, HOUR)) {
      await steps.always().enqueuePublication({ run, line, refs: this.record.refs });
      const until = Date.now() + patience;
      do {
        await condition(() => this.lineHasSpoken, Math.max(until - Date.now(), 1));
        this.lineHasSpoken = false;
        const result = await steps.always().readPublication({ run });
        if (result) return result;
        this.tellOfTheLine();
        // A line that spoke without a result could neither publish nor take back: asking at once would not help it.
      } while (Date.now() < until);
    }
  }

  private tellOfTheLine(): void {
    const { image, instance, evaluation } = this.record.known;
    if (this.lineTrouble === null || !image || !instance || !evaluation) return;
    const progress = `the line can neither publish nor take back, and tries again: ${this.lineTrouble}`;
    this.record.enter({ ...this.record.known, image, instance, evaluation, stage: 'publishing' }, progress);
  }

  private async cleanUp(outcome: Outcome): Promise<void> {
    const tell = (stuck: readonly string[]): void => {
      const progress = stuck.length === 0 ? 'cleaned up' : `cleaning up, stuck: ${stuck.join('; ')}`;
      this.record.enter({ ...this.record.known, stage: 'cleaning-up', outcome, stuck }, progress);
    };
    this.record.enter({ ...this.record.known, stage: 'cleaning-up', outcome, stuck: [] }, 'cleaning up');
    await this.undo.all(outcome.kind === 'published' ? 'always' : 'everything', this.pollSeconds, tell);
  }

  private async close(outcome: Outcome): Promise<void> {
    const ending = { ...outcome, reasons: [...outcome.reasons, ...this.notes] };
    const closedAt = new Date().toISOString();
    const status = endStatus(outcome);
    this.record.state = { ...this.record.known, stage: 'done', outcome: ending, closedAt };
    this.record.note(`ended ${status}`);
    await this.notify(
      `${status}: ${this.record.known.image?.amiId ?? 'no image'} of ${this.input.line}`,
      proxies(this.pollSeconds),
    );
    await proxies(this.pollSeconds)
      .always()
      .closeRun({
        run: this.input.id,
        status: { ...this.record.document(), status },
        timeline: this.record.timeline,
        refs: this.record.refs,
        bodyHash: this.input.bodyHash,
        credential: this.input.credential,
      });
    this.record.enter(this.record.state, `ended ${status}`);
  }

  /** Tells the line's topics, if it has any. A message that does not get out stops nothing. */
  private async notify(subject: string, steps: Proxies): Promise<void> {
    const topicArns = this.record.settings?.line.notify.topicArns ?? [];
    if (topicArns.length === 0) return;
    const document = this.record.document();
    const notification: Notification = {
      subject,
      message: JSON.stringify(document),
      attributes: { line: this.input.line, run: this.input.id, stage: document.stage, status: document.status },
      token: `${this.input.id}-${document.stage}-${this.record.timeline.length}`,
    };
    try {
      await steps.hint().notify({ topicArns, ...notification });
    } catch (error) {
      if (isCancellation(error) || !isExpected(error)) throw error;
      this.record.note(`nobody could be told: ${why(error)}`);
    }
  }

  /** What every pipeline is given. */
  private ours({ run, expires, opened }: RunFacts): Record<string, string> {
    return {
      assayRun: run,
      assayLine: this.input.line,
      assayRegion: opened.settings.line.region,
      assayExpires: expires,
    };
  }

  /** Learns from a failed start whether it may have reached Gate. */
  private async reaching<T>(start: () => Promise<T>, tell: (reached: boolean) => void): Promise<T> {
    try {
      return await start();
    } catch (error) {
      if (!isCancellation(error)) tell(mayHaveReached(error));
      throw error;
    }
  }

  /** Names the step whose time limit ran out. */
  private async within<T>(minutes: number, what: string, wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (error) {
      if (timedOut(error))
        throw ApplicationFailure.nonRetryable(
          `${what} was not done within ${duration(minutes)}; ${why(error)}`,
          'Final',
        );
      throw error;
    }
  }
}
