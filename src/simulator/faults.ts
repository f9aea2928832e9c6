/** Faults that tests and the demo plan: which request, which fault, how often. */

export type Service = 'ec2' | 'autoscaling' | 'iam' | 'ssm' | 'kms' | 'inspector2' | 'sns' | 'sts' | 'gate';

/**
 * `throttle`: the service's own throttling code. `reset`: the connection is reset before anything is done. `accept-then-drop`:
 * it is done, then the connection ends without an answer. `delay`: done and answered, late. `error`: the code given.
 */
export type FaultKind =
  | 'throttle'
  | '429'
  | '500'
  | '503'
  | 'reset'
  | 'delay'
  | 'empty-200'
  | 'login-redirect'
  | 'accept-then-drop'
  | 'error';

export interface FaultPlan {
  readonly service: Service | '*';
  /** The operation as `requests()` names it, or `*`. */
  readonly operation: string;
  readonly kind: FaultKind;
  /** How many matching requests it hits; default 1. */
  readonly count?: number | 'always';
  /** How many matching requests go by before the first that is hit; default 0. */
  readonly skip?: number;
  /** Only requests whose parameters, as `requests()` tells them, contain this text. */
  readonly contains?: string;
  /** Real milliseconds before the answer (or, for the other kinds, before the fault). */
  readonly delayMs?: number;
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter?: number;
  /** Of `error`: AWS's code and the HTTP status (default 400). */
  readonly code?: string;
  readonly status?: number;
}

export interface Faults {
  /** Plans faults. What it gives back takes the plans of this call away again. */
  add(...plans: readonly FaultPlan[]): () => void;
  clear(): void;
  /** The plans that are not used up. */
  list(): readonly FaultPlan[];
}

/** What a request is known by. */
export interface Target {
  readonly service: Service;
  readonly operation: string;
  readonly params: string;
}

export interface FaultBox extends Faults {
  /** Takes the first fault that is due for this request, and uses it up by one. */
  take(target: Target): FaultPlan | undefined;
}

export function createFaults(): FaultBox {
  let planned: { readonly plan: FaultPlan; left: number; skip: number }[] = [];
  return {
    add(...plans) {
      const added = plans.map((plan) => {
        const left = plan.count === 'always' ? Infinity : (plan.count ?? 1);
        return { plan, left, skip: plan.skip ?? 0 };
      });
      planned.push(...added);
      return () => {
        planned = planned.filter((entry) => !added.includes(entry));
      };
    },
    clear() {
      planned = [];
    },
    list: () => planned.map(({ plan }) => plan),
    take(target) {
      for (const entry of planned) {
        if (!applies(entry.plan, target)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        planned = planned.filter(({ left }) => left > 0);
        return entry.plan;
      }
      return undefined;
    },
  };
}

const applies = ({ service, operation, contains = '' }: FaultPlan, target: Target): boolean =>
  (service === '*' || service === target.service) &&
  (operation === '*' || operation === target.operation) &&
  target.params.includes(contains);
