import { z } from 'zod';
import { SEVERITIES } from '../domain/findings';
import type { Policy, Rule } from '../domain/policy';

const severity = z.enum(SEVERITIES);
const always = z.strictObject({ always: z.literal(true) });
const matching = z
  .strictObject({
    severity: z.union([severity, z.array(severity).nonempty()]).optional(),
    fixAvailable: z.boolean().optional(),
    exploitAvailable: z.boolean().optional(),
    moreThan: z.number().int().nonnegative().optional(),
  })
  .refine((rule) => Object.keys(rule).length > 0, { error: 'a rule needs a condition, or always: true' });
const rule = z.union([always, matching]);

/** A policy file: rules that deny, and rules that ask people. An empty file would approve everything, so it is none. */
export const policySchema = z
  .strictObject({ deny: z.array(rule).optional(), review: z.array(rule).optional() })
  .refine(({ deny, review }) => deny !== undefined || review !== undefined, { error: 'needs deny or review' })
  .transform(({ deny = [], review = [] }): Policy => ({ deny: deny as Rule[], review: review as Rule[] }));
