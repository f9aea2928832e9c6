import type { Command } from 'commander';
import { readApproved } from './answers';
import type { Cli } from './cli';
import { CliError, EXIT } from './exit';
import { ApiProblem } from './http-client';
import { apiOf, people, type PeopleOptions } from './people';
import { clean, safeJson } from './text';

interface ApprovedOptions extends PeopleOptions {
  readonly region?: string;
}

/** `assay approved`: the approved image of a line, alone on stdout, for scripts. */
export function approvedCommand(cli: Cli): Command {
  return people('approved', {
    summary: 'Print the id of the approved image of a line.\nNothing else is printed. Ends with 1 when there is none.',
    examples: ['aws ec2 run-instances --image-id "$(assay approved ubuntu-24-base)" …'],
  })
    .argument('<line>', 'name of the line')
    .option('--region <region>', 'the region; the line’s own when not given')
    .action(async (line: string, options: ApprovedOptions) => {
      const path = `/v1/lines/${encodeURIComponent(line)}/approved`;
      const api = apiOf(cli, options);
      try {
        const { body } = await api.call({ path, query: { region: options.region } });
        const { amiId } = readApproved(body);
        cli.terminal.print(options.json ? safeJson(body) : clean(amiId));
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
        throw new CliError(EXIT.bad, error.message, { faults: error.faults });
      }
    });
}
