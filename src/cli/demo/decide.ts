/** The decision of the demo: by the two people that the line asks, or by whoever watches it. */
import { basename, relative } from 'node:path';
import { createApi, type Api } from '../http-client';
import { readRun, type RunView } from '../answers';
import { runPath } from '../people';
import type { Style, Terminal } from '../terminal';
import { clean } from '../text';
import type { Backing } from './backing';
import type { Persona } from './people';

/** The API as somebody of the demo uses it. */
export const apiAs = (url: string, { key }: Persona): Api => createApi({ url, key });

/** Approves as both people, or denies as the first: through the API, on the evidence of the run as it was shown. */
export async function decideAs(
  backing: Pick<Backing, 'url' | 'personas'>,
  run: RunView,
  verdict: 'approve' | 'deny',
  terminal: Pick<Terminal, 'say'>,
): Promise<void> {
  const { alice, bob } = backing.personas;
  for (const person of verdict === 'approve' ? [alice, bob] : [alice]) {
    const { status, body } = await apiAs(backing.url, person).call({
      method: 'POST',
      path: runPath(run.id, '/decisions'),
      body: { verdict, comment: `${verdict} in the demo`, evidenceDigest: run.evidenceDigest },
    });
    // Stored, and no worker has looked at it in time: it counts later.
    const said = status === 202 ? `${verdict}, recorded` : counted(verdict, readRun(body));
    terminal.say(`${person.entry.subject ?? person.entry.id}: ${said}`);
  }
}

const counted = (verdict: string, { approval }: RunView): string =>
  verdict === 'deny' || approval === null ? verdict : `${verdict} (${approval.given} of ${approval.needed})`;

/** Both ways to decide, for whoever watches. */
export function howToDecide({ url, personas }: Backing, run: RunView, style: Style): string[] {
  const program = programName();
  const { alice, bob } = personas;
  return [
    '',
    style.bold('The image waits for one approval of security and one of platform. Decide:'),
    '',
    `  on the page   ${clean(run.pageUrl ?? `${url}/runs/${run.id}`)}`,
    `                log in as ${alice.entry.subject} (security) with the key  ${alice.key}`,
    `                and as ${bob.entry.subject} (platform) with the key       ${bob.key}`,
    '',
    `  or by command ASSAY_URL=${url} ASSAY_KEY=${alice.key} ${program} approve ${clean(run.id)}`,
    `                ASSAY_URL=${url} ASSAY_KEY=${bob.key} ${program} approve ${clean(run.id)}`,
    `                (deny instead of approve takes it all back; one is enough)`,
    '',
  ];
}

/** How this program is called from where the person is. */
export function programName(): string {
  const [, script = 'assay'] = process.argv;
  return basename(script) === 'assay' ? 'assay' : `node ${relative(process.cwd(), script) || script}`;
}
