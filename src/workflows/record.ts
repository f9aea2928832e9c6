import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { NO_REFS, type RunRefs, type TimelineEntry } from '../domain/evidence';
import { MEMO_CANCELED, MEMO_DECISIONS, MEMO_STATUS, SEARCH } from '../domain/names';
import { NOTHING_KNOWN, type Known, type Outcome, type RunState } from '../domain/run';
import { statusDocument, type StatusDocument } from '../domain/status';
import type { RunSettings } from '../domain/settings';
import type { GoldenImageInput } from './messages';

const KEY = {
  stage: defineSearchAttributeKey(SEARCH.stage, 'KEYWORD'),
  status: defineSearchAttributeKey(SEARCH.status, 'KEYWORD'),
  image: defineSearchAttributeKey(SEARCH.image, 'KEYWORD'),
};

/** Most entries of a timeline; a run has about thirty. */
const LONGEST_TIMELINE = 300;
/** Most UTF-16 units of an entry. All of them go to one activity, whose input Temporal bounds (2 MB), control characters in six bytes each. */
const LONGEST_NOTE = 600;

/** Where a run stands, and how that is shown: memo, search attributes and the Temporal UI follow each change. */
export class RunRecord {
  state: RunState = { stage: 'baking', ...NOTHING_KNOWN };
  refs: RunRefs = NO_REFS;
  settings: RunSettings | null = null;
  readonly timeline: TimelineEntry[] = [];
  private progress = 'accepted';
  private shown = '';

  constructor(private readonly input: GoldenImageInput) {}

  /** What is known so far, whatever the stage. */
  get known(): Known {
    const { image, instance, assessments, evaluation, approval } = this.state;
    return { image, instance, assessments, evaluation, approval };
  }

  /** By Temporal's clock; what is shown is when the run was accepted, a moment before. */
  get startedAt(): string {
    return workflowInfo().startTime.toISOString();
  }

  enter(state: RunState, progress: string): void {
    this.state = state;
    this.progress = progress;
    this.note(progress);
    this.show();
  }

  /** A line in the timeline. */
  note(text: string): void {
    if (this.timeline.length < LONGEST_TIMELINE)
      this.timeline.push({ at: new Date().toISOString(), stage: this.state.stage, text: text.slice(0, LONGEST_NOTE) });
  }

  keep(refs: Partial<RunRefs>): void {
    this.refs = { ...this.refs, ...refs };
  }

  document(): StatusDocument {
    const { id, key, attempt, line } = this.input;
    return statusDocument(
      { id, key, attempt, line, startedAt: acceptedAt() },
      this.state,
      this.progress,
      this.settings,
    );
  }

  show(): void {
    const document = this.document();
    const { decisions } = this.refs;
    upsertMemo({ [MEMO_STATUS]: document, ...(decisions.length > 0 && { [MEMO_DECISIONS]: decisions }) });
    const shown = `${document.stage} ${document.status} ${document.amiId}`;
    if (shown !== this.shown)
      upsertSearchAttributes([
        { key: KEY.stage, value: document.stage },
        { key: KEY.status, value: document.status },
        ...(document.amiId === null ? [] : [{ key: KEY.image, value: document.amiId }]),
      ]);
    this.shown = shown;
    setCurrentDetails(markdown(document));
  }

  /** A cancel was accepted: the key may begin a new attempt from now on. */
  markCanceled(): void {
    upsertMemo({ [MEMO_CANCELED]: true });
  }
}

/** The end of a run's reasons and error, for its outcome. */
export const failed = (error: string): Outcome => ({ kind: 'failed', error, reasons: [] });

function markdown(document: StatusDocument): string {
  const facts = [
    `**${document.status}** · ${document.stage} · ${document.progress}`,
    document.amiId ? `image \`${document.amiId}\`` : '',
    document.instanceId ? `instance \`${document.instanceId}\`` : '',
    document.verdict ? `verdict **${document.verdict}**` : '',
    ...document.reasons.map((reason) => `- ${reason}`),
  ];
  return facts.filter((fact) => fact !== '').join('\n\n');
}

/** As the answer to the start told it, so that no later one tells another time. A run that was started by hand has no such answer. */
function acceptedAt(): string {
  const { memo, startTime } = workflowInfo();
  const told = (memo?.[MEMO_STATUS] as Partial<StatusDocument> | undefined)?.startedAt;
  return typeof told === 'string' && !Number.isNaN(Date.parse(told)) ? told : startTime.toISOString();
}
