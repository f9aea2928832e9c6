import { unwatchFile, watchFile } from 'node:fs';
import { ConfigError, type Config } from './config';
import type { Environment } from './environment';
import { loadConfig } from './load';

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
  /** A new config is in use. */
  readonly onChange: (config: Config) => void;
  /** A new one was refused; the old one stays in use. */
  readonly onFault: (error: ConfigError) => void;
}

/** How often the files are looked at, in milliseconds. Looking at them works on every file system, and with symbolic links. */
const INTERVAL_MS = 2_000;

/** Reads the config, and again on change of any of its files or on SIGHUP. Throws ConfigError for the first one only. */
export function watchConfig({ path, env, onChange, onFault }: WatchOrder): WatchedConfig {
  let config = loadConfig({ path, env });
  let watched: readonly string[] = [];
  const reload = (): void => {
    try {
      config = loadConfig({ path, env });
      watch();
      onChange(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      onFault(error);
    }
  };
  const watch = (): void => {
    for (const file of watched) unwatchFile(file, reload);
    watched = [...new Set(config.files)];
    for (const file of watched) watchFile(file, { interval: INTERVAL_MS, persistent: false }, reload);
  };
  watch();
  process.on('SIGHUP', reload);
  return {
    current: () => config,
    reload,
    close() {
      process.off('SIGHUP', reload);
      for (const file of watched) unwatchFile(file, reload);
    },
  };
}
