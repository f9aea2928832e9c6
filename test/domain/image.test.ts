import fc from 'fast-check';
import {
  candidateFaults,
  candidateTags,
  imageStateOf,
  madeSince,
  mayGo,
  newerThan,
  NOTHING_TO_REMOVE,
  removable,
  siblingFaults,
  unitePlans,
  type OtherRun,
} from '../../src/domain/image';
import type { CatalogueEntry } from '../../src/domain/evidence';
import { TAG } from '../../src/domain/names';
import { ACCOUNT, after, AMI, AT, image, publication, REGION, RUN } from './given';

const tagged = (state: string | undefined, run: string | undefined) =>
  image({
    tags: { ...(state === undefined ? {} : { [TAG.state]: state }), ...(run === undefined ? {} : { [TAG.run]: run }) },
  });
const faultsOf = (state: string | undefined, run: string | undefined, other: OtherRun | null) =>
  candidateFaults(tagged(state, run), RUN, ACCOUNT, other);

describe('an image may become the candidate', () => {
  test.each<[string, string | undefined, string | undefined, OtherRun | null]>([
    ['nobody has named it', undefined, undefined, null],
    ['it is this run’s already', 'candidate', RUN, null],
    ['it is this run’s but has no state yet', undefined, RUN, null],
    ['an ended run left it as candidate', 'candidate', 'older', 'ended'],
    ['an ended run left it as denied', 'denied', 'older', 'ended'],
    ['this run denied it before', 'denied', RUN, null],
  ])('where %s', (_, state, run, other) => expect(faultsOf(state, run, other)).toEqual([]));
});

describe('what the bake made in another region', () => {
  const home = image();
  const there = (change: Parameters<typeof image>[0] = {}) =>
    image({ id: 'ami-0fedcba9876543210', region: 'eu-west-1', ...change });

  test('is the candidate’s sibling by its name and its time', () => {
    expect(siblingFaults(there(), home, AT)).toEqual([]);
    // Clocks differ by some minutes.
    expect(siblingFaults(there({ createdAt: after(-4) }), home, AT)).toEqual([]);
  });

  test('is none, with every fault at once', () => {
    expect(siblingFaults(there({ name: 'other', createdAt: after(-6) }), home, AT)).toEqual([
      `ami-0fedcba9876543210 in eu-west-1 is named other, not ${home.name}`,
      'ami-0fedcba9876543210 in eu-west-1 is older than the run',
    ]);
    expect(madeSince(there({ createdAt: after(-6) }), AT)).toBe(false);
  });
});

describe('an image is refused', () => {
  test.each(['approved', 'revoked', 'retired'])('where it is %s, even by this very run', (state) => {
    for (const run of [undefined, RUN, 'older'])
      expect(faultsOf(state, run, 'ended')).toEqual([`${AMI} is already ${state}`]);
  });

  test('where another run that is open has it', () => {
    expect(faultsOf('candidate', 'other', 'open')).toEqual([`${AMI} belongs to the open run other`]);
    expect(faultsOf(undefined, 'other', 'open')).toHaveLength(1);
  });

  test.each<OtherRun | null>(['unknown', null])('where it names a run that is %p here', (other) => {
    expect(faultsOf('denied', 'other', other)).toEqual([`${AMI} names the run other, which is not known here`]);
  });

  test('where it names a run by an empty name', () => {
    expect(faultsOf('candidate', '', 'unknown')).toHaveLength(1);
  });

  test('where another account owns it', () => {
    expect(candidateFaults(image({ ownerId: '999988887777' }), RUN, ACCOUNT, null)).toEqual([
      `${AMI} belongs to account 999988887777, not to ${ACCOUNT}`,
    ]);
  });

  test('with every fault at once', () => {
    const worst = image({ ownerId: '999988887777', tags: { [TAG.state]: 'approved', [TAG.run]: 'other' } });
    expect(candidateFaults(worst, RUN, ACCOUNT, 'open')).toHaveLength(3);
  });
});

describe('what a run may take away', () => {
  const state = fc.constantFrom(undefined, 'candidate', 'approved', 'denied', 'revoked', 'retired', 'odd');
  const owner = fc.constantFrom(undefined, '', RUN, `${RUN}~2`, 'other', RUN.toUpperCase());

  test('is its own image, and never one that was ever approved', () => {
    fc.assert(
      fc.property(state, owner, (now, run) => {
        const may = run === RUN && now !== 'approved' && now !== 'revoked' && now !== 'retired';
        expect(removable(tagged(now, run), RUN)).toBe(may);
      }),
      { numRuns: 300 },
    );
  });

  test('is an image that the run has just tagged', () => {
    const mine = image({ tags: candidateTags(RUN, 'golden') });
    expect(removable(mine, RUN)).toBe(true);
    expect(removable(mine, `${RUN}~2`)).toBe(false);
  });
});

describe('an image is this run’s work', () => {
  test.each([
    ['made while it ran', 1, true],
    ['made at its start by a clock that goes a little slow', -4, true],
    ['made before', -6, false],
  ])('%s', (_, minutes, own) => expect(madeSince(image({ createdAt: AT }), after(-minutes))).toBe(own));
});

describe('two plans of what to remove', () => {
  const at = (amiId: string, region = REGION) => ({ region, amiId });
  const a = { remove: [{ ...at('ami-1'), snapshotIds: ['s1'] }], deny: [at('ami-1'), at('ami-2')] };
  const b = {
    remove: [
      { ...at('ami-1'), snapshotIds: ['s1', 's2'] },
      { ...at('ami-1', 'eu-west-1'), snapshotIds: [] },
    ],
    deny: [at('ami-1', 'eu-west-1'), at('ami-1')],
  };
  test('are both carried out, each thing of each region once', () => {
    expect(unitePlans(a, b)).toEqual({
      remove: b.remove,
      deny: [at('ami-1'), at('ami-2'), at('ami-1', 'eu-west-1')],
    });
  });
  test('nothing adds nothing', () => {
    expect(unitePlans(a, NOTHING_TO_REMOVE)).toEqual(a);
    expect(unitePlans(NOTHING_TO_REMOVE, a)).toEqual(a);
  });
});

test('a candidate is tagged with run, line and state', () => {
  expect(candidateTags(RUN, 'golden')).toEqual({
    'assay:managed': 'true',
    'assay:run': RUN,
    'assay:line': 'golden',
    'assay:state': 'candidate',
  });
  expect(imageStateOf(image({ tags: candidateTags(RUN, 'golden') }))).toBe('candidate');
  expect(imageStateOf(image())).toBeUndefined();
});

describe('the newer image that was published meanwhile', () => {
  const entry = (run: string, createdAt: string, published = true): CatalogueEntry => ({
    run,
    amiId: `ami-${run}`,
    region: REGION,
    createdAt,
    state: 'approved',
    approvedAt: AT,
    published: published ? [publication()] : [],
    findingKeys: [],
  });
  const newer = (...images: readonly CatalogueEntry[]) =>
    newerThan(AT, { kind: 'catalogue', line: 'golden', images })?.run;

  test('is strictly later: the same moment gives way to nobody', () => {
    expect(newer()).toBeUndefined();
    expect(newer(entry('same', AT))).toBeUndefined();
    expect(newer(entry('older', after(-1)))).toBeUndefined();
    expect(newer(entry('newer', after(0.001)))).toBe('newer');
  });

  test('is the newest of all', () => {
    expect(newer(entry('a', after(1)), entry('b', after(3)), entry('c', after(2)))).toBe('b');
  });

  test('was published, not only approved', () => {
    expect(newer(entry('superseded', after(5), false))).toBeUndefined();
  });

  test('is compared as a moment, not as a text', () => {
    expect(newer(entry('same', '2026-03-01T11:00:00+01:00'))).toBeUndefined();
    expect(newer(entry('newer', '2026-03-01T10:30:00.000+00:00'))).toBe('newer');
  });

  test('of two images never each is newer than the other', () => {
    const moment = fc.integer({ min: -2, max: 2 }).map(after);
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const beats = (x: string, y: string) =>
          newerThan(y, { kind: 'catalogue', line: 'golden', images: [entry('x', x)] }) !== undefined;
        expect(beats(a, b) && beats(b, a)).toBe(false);
        expect(beats(a, b) || beats(b, a)).toBe(a !== b);
      }),
    );
  });
});

test.each([
  ['its own making', { brought: null }, true],
  ['older than the run', { brought: null, startedAt: after(60) }, false],
  ['brought, and to be kept', { brought: { id: AMI, destroy: false } }, false],
  ['brought, and given away, however old', { brought: { id: AMI, destroy: true }, startedAt: after(60) }, true],
  ['made beside one that was brought', { brought: { id: 'ami-0fedcba9876543210', destroy: false } }, true],
])('what is %s may go: %s', (_what, change, may) => expect(mayGo(image(), { startedAt: AT, ...change })).toBe(may));
