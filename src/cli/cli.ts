/** What every command is given. */
import type { Environment } from '../config/environment';

import type { Terminal } from './terminal';

export interface Cli {
  /** As the door read it. */
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Folder of the compiled doors, `worker.js` and `server.js`. */
  readonly doors: string;
  /** Sets the code that the process ends with: one of EXIT, or that of a child. */
  readonly finish: (code: number) => void;
}
