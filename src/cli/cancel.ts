import type { Command } from 'commander';
import { readCancel } from './answers';
import type { Cli } from './cli';
import { EXIT, usage } from './exit';
import { apiOf, people, runPath, type PeopleOptions } from './people';
import { clean, safeJson } from './text';

interface CancelOptions extends PeopleOptions {
  readonly key?: string;
  readonly reason?: string;
}

/** `assay cancel`: by id, or the latest attempt of a key. */
export function cancelCommand(cli: Cli): Command {
  return people('cancel', {
    summary:
      'Cancel a run; what it made is removed.\n' +
      'Ends with 1 when there was nothing to cancel any more. The run ends only when everything is gone: assay watch shows that.',
    examples: ['assay cancel nightly-2026-11-24 --reason "wrong base image"', 'assay cancel --key 01HQ-3'],
  })
    .argument('[run]', 'id of the run')
    .option('--key <key>', 'the latest attempt of this key, instead of a run')
    .option('--reason <text>', 'why')
    .action(async (id: string | undefined, options: CancelOptions) => {
      const { terminal } = cli;
      if ((id === undefined) === (options.key === undefined)) throw usage('name either a run or, with --key, a key');
      const path =
        id === undefined ? `/v1/runs/by-key/${encodeURIComponent(options.key ?? '')}/cancel` : runPath(id, '/cancel');
      const body = options.reason === undefined ? {} : { reason: options.reason };
      const answer = await apiOf(cli, options).call({ method: 'POST', path, body });
      const { canceled, reason } = readCancel(answer.body);
      if (options.json) terminal.print(safeJson(answer.body));
      else {
        const said = canceled === null ? 'recorded' : canceled ? 'canceled' : 'not canceled';
        terminal.print(reason === '' ? said : `${said}: ${clean(reason)}`);
      }
      cli.finish(canceled === false ? EXIT.bad : EXIT.done);
    });
}
