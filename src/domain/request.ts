/** What somebody asks for: one image of one line. */
import { isImageId, isInstanceId, isRegion } from './names';
import type { LineSettings, SpinnakerSettings } from './settings';

/** Longest `reason` of a request, of a cancel or of a decision, in UTF-16 units. */
export const LONGEST_REASON = 2_000;
/** Longest `requestedBy`, in UTF-16 units. */
export const LONGEST_REQUESTER = 320;

export interface RunRequest {
  readonly line: string;
  readonly image?: { readonly id: string; readonly region: string; readonly destroy: boolean };
  readonly instance?: { readonly id: string; readonly destroy: boolean };
  readonly parameters: Readonly<Record<string, string>>;
  readonly requestedBy?: string;
  readonly source?: RequestSource;
  readonly reason?: string;
}

export interface RequestSource {
  /** `spinnaker`, or what else asked. */
  readonly kind?: string;
  readonly executionId?: string;
  readonly stageRefId?: string;
  readonly url?: string;
}

/** What Orca would evaluate: `${` anywhere in a text (Spinnaker pipeline expressions, SpEL). */
export const hasExpression = (text: string): boolean => text.includes('${');

/**
 * Whether a text that a pipeline is given may become an expression there. A `$` at its end is enough: Orca evaluates a context
 * again before each task, so what a pipeline puts together of two parameters, `…$` and `{…}`, is one at the next.
 */
export const mayBecomeExpression = (text: string): boolean => hasExpression(text) || text.endsWith('$');

/** Faults of a request that its line's settings show; empty when it may start. Texts with an expression are not repeated. */
export function requestFaults(request: RunRequest, line: LineSettings, spinnaker: SpinnakerSettings | null): string[] {
  const faults: string[] = [];
  const { image, instance } = request;
  if (image && !isImageId(image.id)) faults.push('image.id: not an AMI id (ami- and 4 to 17 hexadecimal digits)');
  if (instance && !isInstanceId(instance.id))
    faults.push('instance.id: not an instance id (i- and 4 to 17 hexadecimal digits)');
  if (instance && !image) faults.push('instance: needs image, the image it was launched from');
  if (image && !isRegion(image.region)) faults.push('image.region: not the name of an AWS region');
  else if (image && image.region !== line.region)
    faults.push(`image.region: the line ${line.name} works in ${line.region}, not in ${image.region}`);
  if (!image && !line.bake) faults.push(`image: the line ${line.name} has no bake, so a request must bring its image`);
  if (!instance && !line.deploy)
    faults.push(`instance: the line ${line.name} has no deploy, so a request must bring its instance`);
  const { bake, deploy } = line;
  if (!spinnaker && ((!image && bake) || (!instance && deploy?.kind === 'pipeline')))
    faults.push('spinnaker: is not configured, so nothing can be baked or deployed');
  for (const [name, value] of Object.entries(request.parameters)) {
    if (mayBecomeExpression(name))
      faults.push('parameters: a name holds an expression, or ends as one begins, which Spinnaker would evaluate');
    else if (mayBecomeExpression(value))
      faults.push(
        `parameters.${name}: its value holds an expression, or ends as one begins, which Spinnaker would evaluate`,
      );
    else if (RESERVED.has(name)) faults.push(`parameters.${name}: is set by Assay`);
  }
  return faults;
}

/** Parameters that Assay itself gives to pipelines. */
const RESERVED = new Set([
  'assayRun',
  'assayLine',
  'assayRegion',
  'assayRegions',
  'assayExpires',
  'amiId',
  'account',
  'region',
  'serverGroupName',
]);
