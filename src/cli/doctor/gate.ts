/** What the doctor sees of Gate: who we are, what we may, and whether the pipelines fit the lines. */
import type { ApplicationRights, GateUser, PipelineConfig, SpinnakerReads } from '../../adapters/ports';
import { Forbidden, messageOf } from '../../domain/errors';
import type { LineSettings } from '../../domain/settings';
import { findingsOf, type Finding } from './finding';

export interface GateOrder {
  readonly reads: SpinnakerReads;
  readonly gate: string;
  readonly application: string;
  readonly lines: readonly LineSettings[];
}

/** Looks, and does nothing. */
export async function gateFindings({ reads, gate, application, lines }: GateOrder): Promise<Finding[]> {
  const { ok, bad } = findingsOf('gate');
  let user: GateUser;
  try {
    user = await reads.whoAmI();
  } catch (error) {
    if (error instanceof Forbidden)
      return [ok('answers', gate), bad('failed', 'lets us in', messageOf(error), 'Check spinnaker.auth.')];
    return [
      bad('unreachable', 'answers', messageOf(error), 'Is spinnaker.gate the address of Gate itself, and is it up?'),
    ];
  }
  const roles = user.roles.length > 0 ? `, roles ${user.roles.join(', ')}` : ', no roles';
  const known = user.name === null ? 'nobody: Gate asks nobody who they are' : `${user.name}${roles}`;
  const found = [ok('answers', gate), ok('knows us as', known)];
  const shown = await look(() => reads.application(), `reads the application ${application}`, rightsHint(application));
  if ('finding' in shown) return [...found, shown.finding];
  if (shown.value === undefined) {
    const hint = 'Is spinnaker.application right? Gate also answers so for one that we may not read.';
    return [...found, bad('failed', `reads the application ${application}`, 'Gate knows none of that name', hint)];
  }
  found.push(
    ok(`reads the application ${application}`, 'READ is granted'),
    executeFinding(user, shown.value, application),
  );
  for (const line of lines) found.push(...(await lineFindings(reads, line, application)));
  return found;
}

const rightsHint = (application: string): string =>
  `Give our user READ and EXECUTE on the application ${application} (its permissions, in Front50 and Fiat).`;

type Looked<T> = { readonly value: T } | { readonly finding: Finding };

async function look<T>(read: () => Promise<T>, what: string, hint: string, area = 'gate'): Promise<Looked<T>> {
  const { bad } = findingsOf(area);
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof Forbidden) return { finding: bad('failed', what, messageOf(error), hint) };
    return {
      finding: bad('unreachable', what, messageOf(error), 'Try again; if it stays so, look at Front50 and Orca.'),
    };
  }
}

/** What the application's permissions and our roles say. Whether Fiat agrees, only a start shows. */
function executeFinding(user: GateUser, rights: ApplicationRights, application: string): Finding {
  const { ok, bad } = findingsOf('gate');
  const what = `may start and cancel pipelines of ${application}`;
  const [name, roles] = rights.EXECUTE ? ['EXECUTE', rights.EXECUTE] : ['READ', rights.READ];
  if (roles === null) return ok(what, 'the application restricts nobody');
  const ours = roles.filter((role) => user.roles.some((one) => one.toLowerCase() === role.toLowerCase()));
  if (ours.length > 0) return ok(what, `${name} is granted to ${ours.join(', ')}`);
  if (user.roles.length === 0) {
    const detail = `${name} is granted to ${roles.join(', ') || 'nobody'}, and Gate does not tell our roles`;
    const hint = 'This cannot be known without starting something: the first run shows it.';
    return bad('unknown', what, detail, hint);
  }
  const detail = `${name} is granted to ${roles.join(', ') || 'nobody'}, and we are in ${user.roles.join(', ')}`;
  return bad('failed', what, detail, rightsHint(application));
}

/** Given to each pipeline besides what the line names. */
const ALWAYS = ['assayRun', 'assayLine', 'assayRegion', 'assayExpires'];

interface Named {
  readonly step: string;
  readonly pipeline: string;
  /** Where the line names the pipeline's own parameters. */
  readonly place: string;
  readonly sent: readonly string[];
}

/** Given besides to the pipelines of a tagging and of what follows a decision. */
const TAGGING = ['amiId', 'imageName', 'imageRegions', 'imageTags'];
const AFTER = ['amiId', 'assayStatus', 'assayVerdict', 'assayImages', 'assayEvidence'];

function pipelinesOf({ bake, deploy: how, spinnaker: { imageTags, afterDecision } }: LineSettings): readonly Named[] {
  const deploy = how?.kind === 'pipeline' ? how : undefined;
  const sent = (more: readonly string[], own: Readonly<Record<string, string>> = {}): readonly string[] => [
    ...new Set([...ALWAYS, ...more, ...Object.keys(own)]),
  ];
  const named: readonly (Omit<Named, 'pipeline'> & { readonly pipeline: string | null | undefined })[] = [
    {
      ...{ step: 'bake', pipeline: bake?.pipeline, place: 'bake.parameters' },
      sent: sent((bake?.regions.length ?? 0) > 1 ? ['assayRegions'] : [], bake?.parameters),
    },
    {
      ...{ step: 'deploy', pipeline: deploy?.pipeline, place: 'deploy.parameters' },
      sent: sent(['amiId'], deploy?.parameters),
    },
    {
      ...{ step: 'destroy', pipeline: deploy?.destroyPipeline, place: 'deploy.parameters' },
      sent: sent(['account', 'region', 'serverGroupName'], deploy?.parameters),
    },
    { step: 'tagging', pipeline: imageTags?.pipeline, place: 'spinnaker.imageTags', sent: sent(TAGGING) },
    ...(afterDecision?.kind === 'pipeline'
      ? [
          {
            ...{ step: 'after', pipeline: afterDecision.pipeline, place: 'spinnaker.afterDecision.parameters' },
            sent: sent(AFTER, afterDecision.parameters),
          },
        ]
      : []),
  ];
  return named.flatMap(({ pipeline, ...one }) => (typeof pipeline === 'string' ? [{ ...one, pipeline }] : []));
}

const HOUR = 3_600_000;
/** ManualJudgmentStage of Orca: three days. */
const JUDGMENT_MS = 72 * HOUR;

/** The stage that waits for a decision has to wait longer than people may take. */
async function judgmentFindings(reads: SpinnakerReads, line: LineSettings, application: string): Promise<Finding[]> {
  const after = line.spinnaker.afterDecision;
  if (after?.kind !== 'judgment') return [];
  const { ok, bad } = findingsOf(line.name);
  const what = `manual judgment ${after.stage}`;
  const looked = await look(() => reads.judgments(after.stage), what, rightsHint(application), line.name);
  if ('finding' in looked) return [looked.finding];
  if (looked.value.length === 0) {
    const hint =
      'Check the name of the stage, its letter case too. A pipeline of another application cannot be seen from here.';
    return [bad('warning', what, `no pipeline of ${application} has a manualJudgment stage of that name`, hint)];
  }
  const deadline = line.approval.deadlineHours * HOUR;
  return looked.value.map(({ pipeline, stageTimeoutMs }) => {
    const waits = stageTimeoutMs ?? JUDGMENT_MS;
    if (waits > deadline) return ok(what, `in ${pipeline} it waits longer than the line's deadline`);
    const told = stageTimeoutMs === null ? `${waits} ms, Orca's default` : `${waits} ms`;
    const hint = `Give the stage a stageTimeoutMs above ${deadline}, with time for the run up to its question besides.`;
    return bad('failed', what, `in ${pipeline} it waits ${told}, and people have ${deadline} ms to decide`, hint);
  });
}

async function lineFindings(reads: SpinnakerReads, line: LineSettings, application: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const named of pipelinesOf(line)) {
    const what = `${named.step} pipeline ${named.pipeline}`;
    const looked = await look(() => reads.pipeline(named.pipeline), what, rightsHint(application), line.name);
    found.push(...('finding' in looked ? [looked.finding] : pipelineFindings(line, named, looked.value, application)));
  }
  found.push(...(await judgmentFindings(reads, line, application)));
  return found;
}

/** What a saved pipeline says about what it would be given. */
function pipelineFindings(
  line: LineSettings,
  { step, pipeline, place, sent }: Named,
  config: PipelineConfig | undefined,
  application: string,
): Finding[] {
  const { ok, bad } = findingsOf(line.name);
  const what = `${step} pipeline ${pipeline}`;
  if (!config)
    return [
      bad(
        'failed',
        what,
        `there is none of that name in ${application}`,
        'Check the name, its letter case too, or save it.',
      ),
    ];
  const found: Finding[] = [];
  if (config.disabled)
    found.push(bad('failed', what, 'it is disabled', 'Enable it in Spinnaker: Orca starts no disabled one.'));
  const missing = config.parameters.filter(
    ({ name, required, hasDefault }) => required && !hasDefault && !sent.includes(name),
  );
  if (missing.length > 0)
    found.push(
      bad(
        'failed',
        what,
        `it requires ${missing.map(({ name }) => name).join(', ')}, which the line does not send`,
        `Name it in lines.${line.name}.${place}, or give it a default in Spinnaker. A request may bring it, but has to each time.`,
      ),
    );
  const declared = config.parameters.map(({ name }) => name);
  const unknown = declared.length === 0 ? [] : sent.filter((name) => !declared.includes(name));
  if (unknown.length > 0)
    found.push(
      bad(
        'warning',
        what,
        `it declares parameters, but not ${unknown.join(', ')}, which it is given`,
        'Declare them, or make sure that nothing in it looks only at declared ones.',
      ),
    );
  return found.length > 0 ? found : [ok(what, 'it is there, and takes what the line sends')];
}
