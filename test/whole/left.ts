import type { StatusDocument } from '../../src/domain/status';
import type { Assay } from './assay';

/** Whether a run has come to its end. */
export const ended = ({ status }: StatusDocument): boolean => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';

/** What a run left behind, read from the simulated account, whoever tagged it. `state` is the last `assay:state` of its image. */
export function leftOf({ simulator }: Pick<Assay, 'simulator'>, run: string) {
  const { instances, images, snapshots, volumes, autoScalingGroups, executions } = simulator.state();
  const ours = images.filter(({ tags }) => tags['assay:run'] === run);
  const groups = autoScalingGroups.filter(({ tags }) => tags['assay:run'] === run);
  const started = instances.filter(({ tags }) => tags['assay:run'] === run);
  const ofOurs = new Set(ours.flatMap(({ snapshotIds }) => snapshotIds));
  const disks = new Set(started.flatMap(({ volumeIds }) => volumeIds));
  return {
    instances: started.filter(({ state }) => state !== 'terminated').length,
    volumes: volumes.filter(
      ({ id, tags, state }) => state !== 'deleted' && (tags['assay:run'] === run || disks.has(id)),
    ).length,
    groups: groups.filter(({ deletedAt }) => deletedAt === null).length,
    images: ours.filter(({ deregisteredAt }) => deregisteredAt === null).length,
    snapshots: snapshots.filter(
      ({ id, tags, state }) => state !== 'deleted' && (tags['assay:run'] === run || ofOurs.has(id)),
    ).length,
    executions: executions.filter(({ parameters, status }) => parameters['assayRun'] === run && status === 'RUNNING')
      .length,
    state: ours[0]?.tags['assay:state'],
  };
}

const GONE = { instances: 0, volumes: 0, groups: 0, images: 0, snapshots: 0, executions: 0 };
/** After a run whose image is gone. */
export const NOTHING = { ...GONE, state: 'denied' };
/** After a run that never had an image. */
export const NOTHING_EVER = { ...GONE, state: undefined };
/** After a run whose image, of one snapshot, was approved. */
export const APPROVED = { ...GONE, images: 1, snapshots: 1, state: 'approved' };
