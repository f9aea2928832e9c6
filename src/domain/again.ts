/** A request that is made once more, with changes: after a run that was denied, failed or cancelled. */
import { LONGEST_REASON } from './request';

/** A request for a run as people write it. */
export interface RequestChanges {
  readonly line?: string;
  readonly image?: { readonly id: string; readonly region?: string; readonly destroy: boolean };
  readonly instance?: { readonly id: string; readonly destroy: boolean };
  readonly parameters: Readonly<Record<string, string>>;
  readonly requestedBy?: string;
  readonly reason?: string;
}

type Asked = { readonly [K in keyof RequestChanges]: RequestChanges[K] | undefined } & {
  readonly parameters: Readonly<Record<string, string>>;
};

/**
 * The new request. What asked before (a pipeline's stage, a schedule) is over and is left out; who is said to have asked stays,
 * and so may not approve this time either.
 */
export function askedAgain(
  run: { readonly id: string; readonly status: string },
  before: Asked,
  changes: RequestChanges,
): RequestChanges {
  const { line, image, instance, parameters, requestedBy, reason } = { ...before, ...changes };
  // An instance belongs to its image: another image has another one.
  const kept = changes.image && !changes.instance ? undefined : instance;
  return {
    ...(line !== undefined && { line }),
    parameters: { ...before.parameters, ...parameters },
    ...(image && { image }),
    ...(kept && { instance: kept }),
    ...(requestedBy !== undefined && { requestedBy }),
    reason: reasonOf(reason, `again, after ${run.id}, which ended ${run.status}`),
  };
}

/** The way here is told whole; what was said before it may be cut. */
function reasonOf(said: string | undefined, way: string): string {
  if (said === undefined || said === '') return way;
  const room = LONGEST_REASON - way.length - 3;
  // A letter of two halves is not cut in the middle.
  const short = said.length <= room ? said : `${said.slice(0, room - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return `${short} (${way})`;
}
