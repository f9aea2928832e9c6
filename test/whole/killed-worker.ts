import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openAssay, type Assay } from './assay';

/** Every activity of an approved run, and two of a denied one's undo. */
const ACTIVITIES = [
  ...['openRun', 'startBake', 'awaitBake', 'tagCandidate', 'startDeploy', 'awaitInstance', 'assess', 'evaluate'],
  ...['verifyDecision', 'enqueuePublication', 'publish', 'readPublication', 'undoDeploy', 'closeRun'],
] as const;

/** Kills the worker around each activity in turn and looks at what is left. Two files, one for each `when`, run side by side. */
export function describeKills(when: 'before' | 'after'): void {
  let assay: Assay;
  beforeAll(async () => {
    assay = await openAssay();
  }, 120_000);
  afterAll(() => assay.close());

  test.each(ACTIVITIES)(
    `a worker killed ${when} %s acts loses and doubles nothing`,
    async (at) => {
      const mark = join(assay.folder, `${at}-${when}`);
      await assay.worker.stop();
      assay.worker.start({ DIE_AT: at, DIE_WHEN: when, DIE_MARK: mark }, join(__dirname, 'worker-that-dies.js'));
      const died = assay.worker.ended().then(() => assay.worker.start());
      const { id } = await assay.start({}, `${at}-${when}`);
      // The kill may come between the two decisions: each is then recorded, and counts when a worker is back.
      await assay.until(id, ({ status }) => status === 'AWAITING_APPROVAL', 90_000);
      for (const who of ['alice', 'bob'] as const)
        expect([200, 202]).toContain((await assay.decide(who, id, 'approve')).code);
      const status = await assay.until(id, ({ closedAt }) => closedAt !== null, 90_000);
      await died;
      expect(existsSync(mark)).toBe(true);
      expect(status).toMatchObject({
        status: 'SUCCEEDED',
        published: [expect.objectContaining({ amiId: status.amiId })],
      });

      const { executions, images, instances, autoScalingGroups, parameters } = assay.simulator.state();
      const ours = executions.filter(({ parameters: given }) => given['assayRun'] === id);
      expect(ours.filter(({ name }) => name === 'bake-golden')).toHaveLength(1);
      expect(ours.filter(({ name }) => name === 'deploy-candidate')).toHaveLength(1);
      expect(images.filter(({ tags }) => tags['assay:run'] === id)).toEqual([
        expect.objectContaining({ deregisteredAt: null, tags: expect.objectContaining({ 'assay:state': 'approved' }) }),
      ]);
      expect(instances.filter(({ tags, state }) => tags['assay:run'] === id && state !== 'terminated')).toEqual([]);
      expect(autoScalingGroups.filter(({ tags, deletedAt }) => tags['assay:run'] === id && deletedAt === null)).toEqual(
        [],
      );
      const written = parameters.find(({ name }) => name === '/golden-ami/golden/latest');
      expect(written?.versions.filter(({ value }) => value === status.amiId)).toHaveLength(1);
    },
    180_000,
  );
}
