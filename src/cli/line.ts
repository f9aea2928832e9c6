import type { Command } from 'commander';
import { readImages, readLine, readLines, type CatalogueView, type LineView } from './answers';
import type { Cli } from './cli';
import { apiOf, people, type PeopleOptions } from './people';
import type { Style } from './terminal';
import { clean, safeJson, table } from './text';

/** `assay line`: one line with its catalogue, or all lines. */
export function lineCommand(cli: Cli): Command {
  return people('line', {
    summary: 'Show a line and its images, newest first; without a name, all lines.',
    examples: ['assay line', 'assay line ubuntu-24-base'],
  })
    .argument('[line]', 'name of the line')
    .action(async (name: string | undefined, options: PeopleOptions) => {
      const { terminal } = cli;
      const api = apiOf(cli, options);
      if (name === undefined) {
        const { body } = await api.call({ path: '/v1/lines' });
        const { lines } = readLines(body);
        if (options.json) return terminal.print(safeJson(body));
        return terminal.print(linesTable(lines, terminal.outColumns).join('\n'));
      }
      const path = `/v1/lines/${encodeURIComponent(name)}`;
      const line = await api.call({ path });
      const catalogue = await api.call({ path: `${path}/images` });
      const images = readImages(catalogue.body);
      if (options.json) return terminal.print(safeJson({ ...(line.body as object), ...(catalogue.body as object) }));
      terminal.print(linePage(readLine(line.body), images.images, terminal.outStyle).join('\n'));
    });
}

/** All lines with what is approved in each. */
export const linesTable = (lines: readonly LineView[], columns: number | undefined): string[] =>
  table(
    ['LINE', 'REGION', 'APPROVED', 'SINCE', 'PARAMETER'],
    lines.map(({ line, region, approved, parameter }) => [
      line,
      region,
      approved?.amiId ?? '-',
      approved?.approvedAt ?? '-',
      parameter,
    ]),
    columns,
  );

/** One line. */
export const linePage = (line: LineView, images: readonly CatalogueView[], style: Style): string[] => [
  `${style.bold(clean(line.line))}  ${clean(line.region)}  ${clean(line.parameter)}`,
  line.approved ? `approved: ${clean(line.approved.amiId)} by run ${clean(line.approved.run)}` : 'approved: none yet',
  ...(images.length === 0
    ? []
    : [
        '',
        ...table(
          ['IMAGE', 'STATE', 'CREATED', 'APPROVED', 'RUN', 'VERSION'],
          images.map(({ amiId, state, createdAt, approvedAt, run, published }) => [
            amiId,
            state,
            createdAt,
            approvedAt,
            run,
            published.map(({ version }) => version).join(' ') || 'superseded',
          ]),
        ),
      ]),
];
