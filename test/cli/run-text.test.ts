import { readReport, readRun } from '../../src/cli/answers';
import { decisionLines } from '../../src/cli/decide';
import { runTable } from '../../src/cli/list';
import { page, stageLines, worstFindings } from '../../src/cli/run-text';
import { sight, sightingsOf, tookMs, type Sightings } from '../../src/cli/sightings';
import { COLOURED, PLAIN, unpainted } from '../../src/cli/terminal';
import { widthOf } from '../../src/cli/text';
import { frame, plainLine } from '../../src/cli/watching';
import { awaitingDocument, finding, publishedDocument, reportDocument, statusDocument } from './given';

const at = (time: string): number => Date.parse(`2026-11-24T${time}Z`);
const report = readReport(reportDocument());

describe('what a watcher saw', () => {
  test('the first stage began with the run', () => {
    expect(sight([], statusDocument(), at('10:00:30'))).toEqual([
      { stage: 'baking', since: at('10:00:00'), until: null },
    ]);
  });

  test('when a later stage began that nobody saw, nobody says', () => {
    const seen = sight([], statusDocument({ stage: 'assessing' }), at('10:05:00'));
    expect(seen.map((one) => tookMs(one, at('10:06:00')))).toEqual([undefined]);
  });

  test('a new stage ends the one before', () => {
    const first = sight([], statusDocument(), at('10:00:30'));
    const second = sight(first, statusDocument({ stage: 'tagging' }), at('10:02:00'));
    expect(sight(second, statusDocument({ stage: 'tagging' }), at('10:02:01'))).toBe(second);
    expect(second.map((one) => tookMs(one, at('10:02:10')))).toEqual([120_000, 10_000]);
  });

  test('a timeline knows all of it', () => {
    const seen = sightingsOf(report.timeline, { ...awaitingDocument() });
    expect(seen.map(({ stage }) => stage)).toEqual([
      'baking',
      'tagging',
      'deploying',
      'assessing',
      'awaiting-approval',
    ]);
    expect(seen.map((one) => tookMs(one, at('10:07:08')))).toEqual([125_000, 3_000, 60_000, 180_000, 60_000]);
  });

  test('without a timeline nobody says when a later stage began', () => {
    expect(sightingsOf([], statusDocument({ stage: 'assessing' }))).toEqual([
      { stage: 'assessing', since: null, until: null },
    ]);
    expect(sightingsOf([], statusDocument()).map(({ since }) => since)).toEqual([at('10:00:00')]);
  });

  test('a timeline that lags behind the stage is completed without a time', () => {
    const seen = sightingsOf([{ at: '2026-11-24T10:00:00Z', stage: 'baking' }], statusDocument({ stage: 'tagging' }));
    expect(seen.map(({ stage, since }) => [stage, since])).toEqual([
      ['baking', at('10:00:00')],
      ['tagging', null],
    ]);
  });
});

const SEEN: Sightings = [
  { stage: 'baking', since: at('10:00:00'), until: at('10:02:05') },
  { stage: 'tagging', since: at('10:02:05'), until: null },
];

describe('the stages of a run', () => {
  test('those done, the one now, and those to come are told apart', () => {
    const lines = stageLines(readRun(statusDocument({ stage: 'tagging' })), SEEN, at('10:02:10'), PLAIN);
    expect(lines).toEqual([
      '  ✓ baking             2m 05s',
      '  ● tagging            5s',
      '  · deploying',
      '  · assessing',
      '  · evaluating',
      '  · awaiting-approval',
      '  · publishing',
      '  · cleaning-up',
    ]);
  });

  test('of an ended run nothing is to come', () => {
    const ended = stageLines(readRun(statusDocument({ status: 'FAILED', stage: 'done' })), SEEN, at('10:03:00'), PLAIN);
    expect(ended.join()).not.toContain('·');
    expect(ended).toHaveLength(2);
  });

  test('a stage that this program does not know is shown, and nothing is said to come', () => {
    const run = readRun({ ...statusDocument(), stage: 'polishing' });
    const lines = stageLines(run, [{ stage: 'polishing', since: null, until: null }], at('10:03:00'), PLAIN);
    expect(lines).toEqual(['  ● polishing'.padEnd(lines[0]?.length ?? 0)]);
  });
});

describe('the page of a run', () => {
  const shown = (document: object, more: { readonly withReport?: boolean } = {}): string => {
    const run = readRun(document);
    const known = more.withReport === true ? report : null;
    return page(run, sightingsOf(known?.timeline ?? [], run), { report: known, now: at('10:07:08'), style: PLAIN });
  };

  test('shows what people decide on', () => {
    const text = shown(awaitingDocument(), { withReport: true });
    for (const part of [
      'ubuntu-24-base  nightly-1  AWAITING_APPROVAL',
      'ami-0123456789abcdef0 in us-east-1',
      'asked by  carol@example.com',
      'reason    monthly patch',
      '(7m 08s so far)',
      'verdict   review',
      'needs review: 2 critical or high findings',
      '1 new, 3 fixed',
      'CVE-2026-3000',
      'inspector2: complete',
      '0 of 2 given; until 2026-11-27T10:00:00.000Z',
      `sha256:${'a'.repeat(64)}`,
      'http://assay.test/runs/nightly-1',
    ])
      expect(text).toContain(part);
  });

  test('shows where the image was published', () => {
    const text = shown(publishedDocument());
    expect(text).toContain('/golden-ami/ubuntu-24-base/latest version 7 = ami-0123456789abcdef0 in us-east-1');
    expect(text).toContain('(12m 30s in all)');
  });

  test('leaves out what is not known yet', () => {
    const text = shown(statusDocument());
    for (const part of ['image', 'Findings', 'verdict', 'Approval', 'Published', 'null', 'undefined'])
      expect(text).not.toContain(part);
  });

  test('text of others cannot steer the terminal', () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\r\n\u009b1A';
    const text = shown({
      ...awaitingDocument(),
      id: evil,
      line: evil,
      progress: evil,
      reasons: [evil],
      error: evil,
      amiId: evil,
      evidenceDigest: evil,
      approval: {
        needed: 1,
        given: 1,
        by: [evil],
        refused: [{ by: evil, reason: evil, at: evil }],
        deadline: evil,
      },
      published: [{ account: evil, region: evil, parameter: evil, version: 1, amiId: evil }],
      pageUrl: evil,
    });
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

describe('findings', () => {
  const findings = report.findings;

  test('the worst come first, and among equals those most likely to be exploited', () => {
    const ids = worstFindings(findings, 10)
      .slice(1)
      .map((line) => /CVE-\S+/.exec(line)?.[0]);
    expect(ids).toEqual(['CVE-2026-3000', 'CVE-2026-2000', 'CVE-2026-1000']);
  });

  test('what is left out is counted', () => {
    expect(worstFindings(findings, 1).at(-1)).toBe('… and 2 more in the report');
  });

  test('packages beyond the first are counted', () => {
    const pack = { name: 'openssl', version: '1', fixedIn: null };
    const many = readReport({ request: {}, findings: [finding({ packages: [pack, { ...pack, name: 'libssl' }] })] });
    expect(worstFindings(many.findings, 5).join()).toContain('openssl +1');
  });
});

test('every image of a bake in several regions is named, to who looks and to who decides', () => {
  const images = ['us-east-1', 'eu-west-1'].map((region, nth) => ({ region, amiId: `ami-0123456789abcdef${nth}` }));
  const run = readRun({ ...awaitingDocument(), images });
  const texts = [
    page(run, SEEN, { report, now: at('10:07:08'), style: PLAIN }),
    decisionLines(run, report, PLAIN).join('\n'),
  ];
  for (const text of texts)
    for (const { region, amiId } of images) expect(text).toMatch(new RegExp(`^ *image +${amiId} in ${region}$`, 'm'));
});

test('who decides sees image, findings, verdict and digest', () => {
  const text = decisionLines(readRun(awaitingDocument()), report, PLAIN).join('\n');
  for (const part of [
    'ami-0123456789abcdef0',
    'review',
    'CVE-2026-3000',
    `sha256:${'a'.repeat(64)}`,
    'carol@example.com',
  ])
    expect(text).toContain(part);
});

describe('a watched run', () => {
  const seen = { run: readRun(awaitingDocument()), sightings: SEEN, trouble: null };

  test.each([20, 40, 60, 80, 200])('is never drawn wider than a terminal of %d columns', (columns) => {
    const lines = frame(seen, at('10:07:00'), COLOURED, columns);
    expect(Math.max(...lines.map((line) => widthOf(unpainted(line))))).toBeLessThan(columns);
  });

  test('says where to decide', () => {
    expect(frame(seen, at('10:07:00'), PLAIN, 100).join('\n')).toContain('decide at http://assay.test/runs/nightly-1');
  });

  test('says that the server is away and goes on', () => {
    const lines = frame({ ...seen, trouble: 'the connection was refused' }, at('10:07:00'), PLAIN, 100);
    expect(lines.at(-1)).toContain('the connection was refused; trying again');
  });

  test('without a terminal each line says something once', () => {
    expect(plainLine(seen)).toBe('AWAITING_APPROVAL  awaiting-approval  waiting for 2 of 2 approvals');
    expect(plainLine({ ...seen, run: readRun(publishedDocument({ progress: 'SUCCEEDED' })) })).toBe('SUCCEEDED');
    expect(plainLine({ ...seen, trouble: 'gone' })).toBe('gone; trying again');
  });
});

test('the list shows runs in columns', () => {
  const [header, first, second] = runTable(
    [readRun(awaitingDocument()), readRun(statusDocument({ id: 'other' }))],
    at('10:01:00'),
    undefined,
  );
  expect(header).toMatch(/^RUN\s+LINE\s+STATUS\s+STAGE\s+IMAGE\s+CRIT\s+HIGH\s+STARTED\s+TOOK\s+PROGRESS$/);
  expect(first).toMatch(/^nightly-1 .*AWAITING_APPROVAL .*ami-0123456789abcdef0 +0 +2 .*1m 00s/);
  expect(second).toMatch(/^other .* RUNNING +baking +- +- +- /);
});
