import { publicationFaults, type PublicationEvidence } from '../../src/domain/publication';
import { AMI, assessment, finding, image, INSTANCE, REGION, runSettings } from './given';
import { evidence, SAM } from './publication-given';

const OTHER_AMI = 'ami-0fedcba9876543210';

const GOOD = evidence();
const { request, settings, bake, candidate, evaluation } = GOOD;
const [assessed] = GOOD.assessments as [PublicationEvidence['assessments'][number]];
const faultsOf = (change: Partial<PublicationEvidence>, of = GOOD): string[] => publicationFaults({ ...of, ...change });
const DO_NOT_SUFFICE = ['the approvals that still stand do not suffice'];

const brought = (of = GOOD): PublicationEvidence => ({
  ...of,
  request: { ...request, request: { ...request.request, image: { id: AMI, region: REGION, destroy: false } } },
  bake: null,
  candidate: { ...candidate, baked: false },
});

describe('a run may publish', () => {
  test('what it baked in several regions', () => {
    const there = image({ id: OTHER_AMI, region: 'eu-west-1' });
    const images = [...(bake?.images ?? []), { region: there.region, amiId: there.id }];
    expect(
      faultsOf({ bake: { ...bake, images } as typeof bake, candidate: { ...candidate, siblings: [there] } }),
    ).toEqual([]);
  });

  test('what it baked, assessed, and two people approved', () => {
    expect(publicationFaults(GOOD)).toEqual([]);
  });

  test('a brought image that was approved', () => {
    expect(publicationFaults(brought())).toEqual([]);
  });

  test('what was assessed on the brought instance', () => {
    const given = brought();
    const own = { ...given.request.request, instance: { id: INSTANCE, destroy: false } };
    expect(faultsOf({ request: { ...given.request, request: own } }, given)).toEqual([]);
  });

  test('without people only where the line says so and the policy approves, then and now', () => {
    const approvals = { ...settings.settings.line.approval, auto: true };
    const clean = evidence({ approval: approvals }, []);
    const approved = { ...clean, evaluation: { ...clean.evaluation, verdict: 'approve' as const }, decisions: [] };
    expect(publicationFaults(approved)).toEqual([]);
    expect(faultsOf({ decisions: [] }, clean)).toEqual(DO_NOT_SUFFICE);
    const withFindings = evidence({ approval: approvals });
    expect(
      faultsOf({ decisions: [], evaluation: { ...withFindings.evaluation, verdict: 'approve' } }, withFindings),
    ).toEqual(DO_NOT_SUFFICE);
    const asking = evidence({}, []);
    expect(faultsOf({ decisions: [], evaluation: { ...asking.evaluation, verdict: 'approve' } }, asking)).toEqual(
      DO_NOT_SUFFICE,
    );
  });

  test('by itself, but not against a denial', () => {
    const clean = evidence({ approval: { ...settings.settings.line.approval, auto: true } }, []);
    const approved = { ...clean, evaluation: { ...clean.evaluation, verdict: 'approve' as const } };
    expect(faultsOf({ decisions: [{ ...SAM, verdict: 'deny' }] }, approved)).toEqual([
      'somebody who may decide denied this image',
    ]);
  });

  test('what could not be assessed, where people took that on themselves', () => {
    const failed = assessment({ status: 'failed', reason: 'no agent' });
    const assessments = [{ ...assessed, statement: { ...assessed.statement, assessment: failed } }];
    expect(faultsOf({ assessments })).toEqual([]);
    expect(faultsOf({ assessments, decisions: [] })).toEqual(DO_NOT_SUFFICE);
  });
});

describe('a run may not publish', () => {
  const otherRun = 'a document belongs to another run';
  const otherLine = 'a document belongs to another line';
  const origin = 'the image is neither the one that was baked nor the one that was brought';
  const sibling = 'an image of another region is none of this bake';
  const digest = 'the evidence digest does not fit the evidence';
  const otherDocuments = 'the evaluation rests on other documents';
  const image2 = { ...candidate, image: image({ id: OTHER_AMI }) };

  test.each<[string, Partial<PublicationEvidence>, string]>([
    ['on another run’s settings', { settings: { ...settings, run: 'other' } }, otherRun],
    ['on another run’s request', { request: { ...request, run: 'other' } }, otherRun],
    ['on another run’s bake', { bake: { ...bake, run: 'other' } as typeof bake }, otherRun],
    ['on another run’s candidate', { candidate: { ...candidate, run: 'other' } }, otherRun],
    ['on another run’s evaluation', { evaluation: { ...evaluation, run: 'other' } }, otherRun],
    [
      'on what another run evaluated',
      { evaluation: { ...evaluation, basis: { ...evaluation.basis, run: 'other' } } },
      otherRun,
    ],
    ['under another name than its own', { run: 'other' }, otherRun],
    ['to another line than its own', { line: 'other' }, otherLine],
    ['by the settings of another line', { settings: { ...settings, line: 'other' } }, otherLine],
    [
      'by settings that are named after its line and are another’s',
      { settings: { ...settings, settings: runSettings({ name: 'other', publish: { parameter: '/other' } }) } },
      otherLine,
    ],
    [
      'what was asked for another line',
      { request: { ...request, request: { ...request.request, line: 'other' } } },
      otherLine,
    ],
    [
      'an image of another region',
      { candidate: { ...candidate, image: image({ region: 'eu-west-1' }) } },
      "the image is in eu-west-1, not in the line's region",
    ],
    [
      'another image than was evaluated',
      { evaluation: { ...evaluation, basis: { ...evaluation.basis, amiId: OTHER_AMI } } },
      'what was evaluated is another image',
    ],
    ['an image that its bake does not name', { candidate: image2 }, origin],
    [
      'an image that its bake made in another region',
      { bake: { ...bake, images: [{ region: 'eu-west-1', amiId: AMI }] } as typeof bake },
      origin,
    ],
    ['a baked image without a bake', { bake: null }, origin],
    [
      'an image of another region that its bake does not name',
      { candidate: { ...candidate, siblings: [image({ id: OTHER_AMI, region: 'eu-west-1' })] } },
      sibling,
    ],
    [
      'a brought image with one of another region',
      { ...brought(), candidate: { ...candidate, baked: false, siblings: [image({ region: 'eu-west-1' })] } },
      sibling,
    ],
    [
      'a brought image with another, whatever a bake says',
      {
        ...brought(),
        bake: { ...bake, images: [{ region: 'eu-west-1', amiId: AMI }] } as typeof bake,
        candidate: { ...candidate, baked: false, siblings: [image({ region: 'eu-west-1' })] },
      },
      sibling,
    ],
    ['an image that nobody brought', { candidate: { ...candidate, baked: false } }, origin],
    ['another image than was brought', { ...brought(), candidate: { ...image2, baked: false } }, origin],
    ['a bake of its own where an image was brought', { ...brought(), bake, candidate }, origin],
    [
      'an image that was brought from another region',
      {
        ...brought(),
        request: {
          ...request,
          request: { ...request.request, image: { id: AMI, region: 'eu-west-1', destroy: false } },
        },
      },
      origin,
    ],
    [
      'on another run’s assessment',
      { assessments: [{ ...assessed, statement: { ...assessed.statement, run: 'other' } }] },
      'an assessment belongs to another run or image',
    ],
    [
      'on the assessment of another image',
      { assessments: [{ ...assessed, statement: { ...assessed.statement, amiId: OTHER_AMI } }] },
      'an assessment belongs to another run or image',
    ],
    [
      'on the assessment of another instance than was brought',
      {
        ...brought(),
        request: {
          ...request,
          request: { ...brought().request.request, instance: { id: 'i-0fedcba9876543210', destroy: false } },
        },
      },
      'what was assessed is not the instance that was brought',
    ],
    ['without an assessment', { assessments: [] }, 'assessed by [], where the line asks for [inspector2]'],
    [
      'on two assessments where one is asked',
      { assessments: [assessed, assessed] },
      'assessed by [inspector2, inspector2], where the line asks for [inspector2]',
    ],
    [
      'on the assessment of somebody else',
      {
        assessments: [
          { ...assessed, statement: { ...assessed.statement, assessment: assessment({ assessor: 'me' }) } },
        ],
      },
      'assessed by [me], where the line asks for [inspector2]',
    ],
    ['on an assessment that nobody saw', { assessments: [{ ...assessed, ref: 'sha256:better' }] }, otherDocuments],
    ['by settings that came later', { settingsRef: 'sha256:later' }, otherDocuments],
    ['with a digest that was made up', { evaluation: { ...evaluation, digest: 'sha256:mine' } }, digest],
    ['on evidence that was changed after it was seen', { digest: 'sha256:changed' }, digest],
  ])('%s', (_, change, fault) => expect(faultsOf(change)).toContain(fault));

  test('and every fault is told at once', () => {
    const faults = faultsOf({ run: 'x', line: 'y', assessments: [], digest: 'z' });
    expect(faults).toEqual(expect.arrayContaining([otherRun, otherLine, otherDocuments, digest]));
  });
});

describe('the policy is asked again', () => {
  const deniedByPolicy = ['the policy denies this image'];

  test('what it denies no approval can save, whatever the evaluation says', () => {
    const critical = evidence({}, [finding({ severity: 'critical' })]);
    for (const verdict of ['approve', 'review', 'deny'] as const)
      expect(faultsOf({ evaluation: { ...critical.evaluation, verdict } }, critical)).toEqual(deniedByPolicy);
  });

  test('what it denied then stays denied', () => {
    expect(faultsOf({ evaluation: { ...evaluation, verdict: 'deny' } })).toEqual(deniedByPolicy);
  });

  test('an incomplete assessment is denied where the line says so', () => {
    const strict = evidence({ onIncomplete: 'deny' });
    const incomplete = assessment({ status: 'incomplete' });
    const assessments = [{ ...assessed, statement: { ...assessed.statement, assessment: incomplete } }];
    expect(faultsOf({ assessments }, strict)).toEqual(deniedByPolicy);
  });
});
