import { existsSync } from 'node:fs';
import { loadClientConfigProfile, toClientOptions, type ClientConfigProfile } from '@temporalio/envconfig';
import { ConfigError } from './config';
import type { Environment } from './environment';

/**
 * Options of a connection to Temporal, from its standard environment (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key,
 * profile). Throws ConfigError, also for what the environment's reader passes over in silence (envconfig 1.24).
 */
export function temporalConnection(env: Environment): {
  readonly connection: ReturnType<typeof toClientOptions>['connectionOptions'];
  readonly namespace: string;
} {
  // Compose files and charts set what is not given to nothing. Only for a header does nothing mean something: that it is left out.
  const given = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (entry[1] !== '' || entry[0].startsWith('TEMPORAL_GRPC_META_')),
    ),
  );
  const file = given['TEMPORAL_CONFIG_FILE'];
  if (file !== undefined && !existsSync(file)) throw faulty(`TEMPORAL_CONFIG_FILE: there is no file ${file}`);
  try {
    const profile = loadClientConfigProfile({ overrideEnvVars: given });
    const faults = profileFaults(profile, given);
    if (faults.length > 0) throw faulty(...faults);
    const { connectionOptions, namespace } = toClientOptions(profile);
    return { connection: connectionOptions, namespace: namespace ?? 'default' };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw faulty(error instanceof Error ? error.message : String(error));
  }
}

function profileFaults({ tls }: ClientConfigProfile, env: Environment): string[] {
  const halves = [tls?.clientCert, tls?.clientKey].filter((half) => half !== undefined).length;
  return [
    ...(halves === 1 ? ['TLS: a client certificate needs its key, and a key its certificate'] : []),
    ...(/^(?:true|1)$/i.test(env['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] ?? '')
      ? ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: the host is always verified; give its certificate authority instead']
      : []),
  ];
}

const faulty = (...faults: string[]): ConfigError => new ConfigError('Temporal’s environment', faults);
