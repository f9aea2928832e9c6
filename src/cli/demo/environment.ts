/** The environment of the demo's own worker and server: everything outside is simulated, and nothing real can be reached by it. */
import type { Environment } from '../../config/environment';

export interface DoorEnvironment {
  /** What the program itself was given. */
  readonly env: Environment;
  readonly config: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly uiUrl: string | null };
  /** Base URL of the simulated AWS. */
  readonly aws: string;
}

/** Variables of a real account, a real Temporal and a real Assay; those of Temporal stay where the user names the server. */
const FOREIGN = /^(?:AWS_|ASSAY_)/;
const PROXIES = /^(?:https?|all|grpc)_proxy$/i;

/** Environment for a door. */
export function doorEnvironment({ env, config, temporal, aws }: DoorEnvironment): Environment {
  const usersTemporal = Boolean(env['TEMPORAL_ADDRESS']);
  const own = Object.entries(env).filter(
    ([name]) =>
      !FOREIGN.test(name) &&
      // The simulators are on this machine, where no proxy leads to.
      !(PROXIES.test(name) && !usersTemporal) &&
      (usersTemporal || !name.startsWith('TEMPORAL_')),
  );
  return {
    ...Object.fromEntries(own),
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
    ASSAY_CONFIG: config,
    ...(temporal.uiUrl !== null && { ASSAY_TEMPORAL_UI: temporal.uiUrl }),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...awsEnvironment(aws),
    // No profile, no role of this machine.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** What makes the AWS SDK speak to the simulator. */
export const awsEnvironment = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'simulated',
  AWS_SECRET_ACCESS_KEY: 'simulated',
});
