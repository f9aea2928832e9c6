import { resolve } from 'node:path';
import { messageOf } from '../domain/errors';
import { ConfigError, type Config } from './config';
import { configPath, type Environment } from './environment';
import { loadConfig, type Process } from './load';
import { tellChange, type ChangeLog } from './log';
import { stampOf } from './reader';

export interface WatchedConfig {
  /** The newest config without a fault. */
  current(): Config;
  /** Reads it again now. */
  reload(): void;
  close(): void;
}

export interface WatchOrder {
  readonly path: string;
  readonly env: Environment;
  /** The process that uses it: a config whose secrets it cannot use is refused. */
  readonly process: Process;
  /** A new config is in use, but for what counts from the next start: `pending` names that. */
  readonly onChange: (config: Config, pending: readonly string[]) => void;
  /** A new one was refused; the old one stays in use. */
  readonly onFault: (error: ConfigError) => void;
  /** How often the files are looked at, in milliseconds; default 2,000. */
  readonly everyMs?: number;
}

/** Looking again and again works on every file system, with symbolic links, and where a file is replaced instead of written. */
const EVERY_MS = 2_000;

/** Reads the config, and again on change of any of its files or on SIGHUP. Throws ConfigError for the first one only. */
export function watchConfig(order: WatchOrder): WatchedConfig {
  const { path, env, process: user, onChange, onFault, everyMs = EVERY_MS } = order;
  const started = loadConfig({ path, env, process: user });
  let config = started;
  let { files } = config;

  const reload = (): void => {
    try {
      config = loadConfig({ path, env, process: user });
    } catch (error) {
      const fault = error instanceof ConfigError ? error : new ConfigError(resolve(path), [messageOf(error)], files);
      // What the faulty one names is watched now: that may be where it is put right.
      ({ files } = fault);
      onFault(fault);
      return;
    }
    ({ files } = config);
    onChange(config, pendingOf(started, config, user));
  };
  const look = (): void => {
    if ([...files].some(([file, stamp]) => stampOf(file) !== stamp)) reload();
  };

  const timer = setInterval(look, everyMs).unref();
  process.on('SIGHUP', reload);
  return {
    current: () => config,
    reload,
    close() {
      process.off('SIGHUP', reload);
      clearInterval(timer);
    },
  };
}

/** The config that the environment names, for a process whose log tells what becomes of its changes. Throws as {@link watchConfig}. */
export const watchOwnConfig = (env: Environment, user: Process, log: ChangeLog): WatchedConfig =>
  watchConfig({
    path: configPath(env),
    env,
    process: user,
    onChange: (_config, pending) => tellChange(log, pending),
    onFault: ({ faults }) => log.error({ faults }, 'the changed config is refused; the old one stays in use'),
  });

/** Settings that were changed since the start and are taken once: the evidence store, and what the server listens on and hands out. */
function pendingOf(started: Config, now: Config, user: Process): string[] {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  return [
    ...(differs(started.evidence, now.evidence) ? ['evidence'] : []),
    ...(user === 'server' && differs(started.server, now.server) ? ['server'] : []),
  ];
}
