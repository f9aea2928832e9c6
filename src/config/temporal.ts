import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from './environment';

/** Options of a connection to Temporal, from its standard environment (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key, profile). */
export function temporalConnection(env: Environment): {
  readonly connection: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
  readonly namespace: string;
} {
  const given = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: given });
  return { connection: connectionOptions, namespace: namespace ?? 'default' };
}
