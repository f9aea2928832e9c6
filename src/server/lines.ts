import { runSettings, type Config } from '../config';

/** The lines of the config of now, as whoever starts runs asks for them. */
export const linesOf = (config: () => Config) => ({
  settings: (line: string) => runSettings(config(), line),
  lines: () => [...config().lines.keys()],
});
