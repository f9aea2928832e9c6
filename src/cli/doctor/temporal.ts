/** What the doctor sees of Temporal. */
import { connectTemporal } from '../../client/connect';
import { Unreachable } from '../../client/errors';
import { createSetup } from '../../client/setup';
import type { Environment } from '../../config/environment';
import { temporalConnection } from '../../config/temporal';
import { findingsOf, type Finding } from './finding';

/** Throws ConfigError for an environment that cannot be used. */
export async function temporalFindings(env: Environment): Promise<Finding[]> {
  const { ok, bad } = findingsOf('temporal');
  const temporal = connectTemporal(temporalConnection(env));
  const what = 'namespace and search attributes are there';
  try {
    const faults = await createSetup(temporal).faults();
    if (faults.length === 0) return [ok('answers', temporal.namespace), ok(what, temporal.namespace)];
    return [ok('answers', temporal.namespace), bad('failed', what, faults.join('; '), 'Run `assay setup`.')];
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return [bad('unreachable', 'answers', error.message, 'Is it running, and is TEMPORAL_ADDRESS right?')];
  } finally {
    await temporal.close();
  }
}
