import type { StatusDocument } from '../../src/domain/status';
import { openAssay, type Assay } from './assay';

const LINES = ['golden', 'silver', 'bronze'] as const;
const RUNS_PER_LINE = 10;

let assay: Assay;
beforeAll(async () => {
  const line = { approval: { groups: { security: 1 } } };
  assay = await openAssay({ line, lines: { silver: line, bronze: line }, pollSeconds: 1 });
}, 120_000);
afterAll(() => assay.close());

test('thirty runs over three lines at once: no findings are mixed, and each line publishes one at a time', async () => {
  const orders = LINES.flatMap((line) => Array.from({ length: RUNS_PER_LINE }, (_, n) => ({ line, n })));
  const findingsOf = (line: string, n: number): string[] =>
    Array.from(
      { length: n + 1 },
      (_, i) => `CVE-2099-${LINES.indexOf(line as never)}${String(n).padStart(2, '0')}${i}`,
    );
  const runs = await Promise.all(
    orders.map(async ({ line, n }) => {
      const key = `${line}-${n}`;
      assay.simulator.behave({ findings: findingsOf(line, n) }, key);
      return { ...(await assay.start({ line }, key)), line, n };
    }),
  );
  const ended = await Promise.all(
    runs.map(async ({ id, line, n }): Promise<StatusDocument & { n: number }> => {
      const asked = await assay.until(id, ({ status }) => status !== 'RUNNING', 240_000);
      expect(asked).toMatchObject({ status: 'AWAITING_APPROVAL', findings: { total: n + 1 } });
      const { body } = await assay.call('alice', 'GET', `/v1/runs/${id}/report`);
      const seen = (body['findings'] as { id: string }[]).map((finding) => finding.id).sort();
      expect(seen).toEqual(findingsOf(line, n).sort());
      expect(await assay.decide('alice', id, 'approve')).toMatchObject({ code: 200 });
      return { n, ...(await assay.until(id, ({ closedAt }) => closedAt !== null, 240_000)) };
    }),
  );
  for (const status of ended) expect(status).toMatchObject({ status: 'SUCCEEDED', error: null });

  const { events, parameters, alive, executions } = assay.simulator.state();
  expect(alive).toMatchObject({ instances: 0, groups: 0, volumes: 0, images: orders.length });
  expect(executions.filter(({ name }) => name === 'bake-golden')).toHaveLength(orders.length);
  for (const line of LINES) {
    const name = `/golden-ami/${line}/latest`;
    // Between a write and the label that ends its publication no other write of the line begins.
    const steps = events
      .filter(
        ({ what, parameter }) => parameter === name && (what === 'parameter.put' || what === 'parameter.labelled'),
      )
      .filter(({ what, labels }) => what === 'parameter.put' || (labels as string[]).includes('approved'))
      .map(({ what }) => what);
    expect(steps).toEqual(steps.map((_, index) => (index % 2 === 0 ? 'parameter.put' : 'parameter.labelled')));
    // The line's value is that of its newest published image.
    const published = ended.filter((status) => status.line === line && status.published.length > 0);
    const versions = parameters.find((parameter) => parameter.name === name)?.versions ?? [];
    expect(versions).toHaveLength(published.length);
    const created = new Map(assay.simulator.state().images.map((image) => [image.id, image.creationDate]));
    const order = versions.map(({ value }) => Date.parse(String(created.get(value))));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  }
}, 600_000);
