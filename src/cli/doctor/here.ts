/** What the doctor sees of this machine and of the config itself. */
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config';
import { secretFaults } from '../../config/load';
import { urlRules } from '../../contract/webhook/url-rules';
import { messageOf } from '../../domain/errors';
import { findingsOf, type Finding } from './finding';

/** Tried by making a folder in it and taking it away again. */
export function evidenceFindings({ evidence: { directory } }: Config): Finding[] {
  const { ok, bad } = findingsOf('evidence');
  const what = 'directory is writable';
  try {
    if (!existsSync(directory)) {
      accessSync(nearest(directory), constants.W_OK | constants.X_OK);
      return [ok(what, `${directory} is made when it is first needed`)];
    }
    rmSync(mkdtempSync(join(directory, '.doctor-')), { recursive: true });
    return [ok(what, directory)];
  } catch (error) {
    const hint = `Let the user of worker and server write to ${directory}, or name another evidence.directory.`;
    return [bad('failed', what, messageOf(error), hint)];
  }
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)));

/** Whether Spinnaker's webhook stage may call us, by its default rules. */
export function publicUrlFindings({ server: { publicUrl }, spinnaker }: Config): Finding[] {
  if (!spinnaker) return [];
  const { ok, bad } = findingsOf('server');
  const what = 'publicUrl may be called by Spinnaker';
  const rules = urlRules(publicUrl);
  if (rules.length === 0) return [ok(what, publicUrl)];
  const relax = [...new Set(rules.map((rule) => rule.relax))].join(', ');
  return [
    bad(
      'warning',
      what,
      rules.map(({ fault }) => fault).join('; '),
      `Use another name, or have Orca's user-configured-url-restrictions set to: ${relax}.`,
    ),
  ];
}

/** Secrets belong to the processes, which may be elsewhere: what is missing here is only told. */
export function secretFindings(config: Config): Finding[] {
  const { ok, bad } = findingsOf('secrets');
  return (['worker', 'server'] as const).map((process) => {
    const faults = secretFaults(config, process);
    const what = `those of the ${process} are here`;
    if (faults.length === 0) return ok(what, 'each can be used');
    return bad('warning', what, faults.join('; '), `Where the ${process} runs they have to be; here they need not.`);
  });
}
