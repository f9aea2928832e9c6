import { findTemporalCli, type FindOrder } from './find-cli';
import { startTemporal, type StartOrder } from './start';

export interface UseOrder extends FindOrder, Omit<StartOrder, 'cli' | 'log'> {}

/** A Temporal server to work with, ours or somebody else's. */
export interface TemporalInUse {
  readonly address: string;
  readonly namespace: string;
  /** `null` where it has none, or where it is not ours. */
  readonly uiUrl: string | null;
  /** Ends the server if we started it. */
  readonly stop: () => Promise<void>;
}

/**
 * A Temporal server without asking the user for anything: the one at `TEMPORAL_ADDRESS` if that is set (with
 * `TEMPORAL_NAMESPACE` if that is set too; nothing is started, and nothing registered there), else one of our own.
 */
export async function useTemporal(order: UseOrder): Promise<TemporalInUse> {
  const { env, log, download, ...start } = order;
  const address = env['TEMPORAL_ADDRESS'];
  if (address !== undefined && address !== '') {
    return {
      address,
      namespace: env['TEMPORAL_NAMESPACE'] || order.namespace,
      uiUrl: null,
      stop: async () => undefined,
    };
  }
  const cli = await findTemporalCli({ env, log, ...(download === undefined ? {} : { download }) });
  return startTemporal({ cli, log, ...start });
}
