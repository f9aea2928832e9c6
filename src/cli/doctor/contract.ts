/** `assay doctor --spinnaker-contract URL`. */
import { runContract, NotThere, type ContractCheck } from '../../contract/suite';
import type { Cli } from '../cli';
import type { DoctorOptions } from '../doctor';
import { CliError, EXIT, usage } from '../exit';
import { contractKey } from '../profile';
import { clean, count, safeJson } from '../text';

/** Plays it, and prints each check as it is done. */
export async function playContract(
  { env, terminal, finish }: Cli,
  options: DoctorOptions,
  given: string,
): Promise<void> {
  const { line } = options;
  if (line === undefined)
    throw usage('--spinnaker-contract needs --line: it starts runs of that line, and cancels them');
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw usage('--spinnaker-contract must be a URL that begins with http:// or https://');
  const key = contractKey(env, options.profile, given);
  terminal.say(`starts runs of the line ${clean(line)} at ${clean(given)}, and cancels them; this takes some minutes`);
  const { outStyle } = terminal;
  const tell = ({ name, ok, detail }: ContractCheck): void => {
    if (options.json) return;
    const word =
      ok === true ? outStyle.green('ok     ') : ok === false ? outStyle.red('FAILED ') : outStyle.yellow('unknown');
    terminal.print(`${word}  ${clean(name)}: ${clean(detail)}`);
  };
  try {
    const { checks, runs } = await runContract({ url: given, key, line, onCheck: tell });
    const broken = checks.filter(({ ok }) => ok === false).length;
    if (options.json) terminal.print(safeJson({ ok: broken === 0, checks, runs }));
    else
      terminal.say(
        `${count(checks.length, 'check')}, ${broken} failed; ${count(runs.length, 'run')} started and cancelled`,
      );
    finish(broken === 0 ? EXIT.done : EXIT.bad);
  } catch (error) {
    if (error instanceof NotThere) throw new CliError(EXIT.unreachable, `${given} does not answer: ${error.message}`);
    throw error;
  }
}
