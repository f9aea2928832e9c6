/** A pipeline with a bake stage: Orca asks Rosco, Rosco runs Packer, and an image comes of it. */
import { createImage } from '../compute';
import { profileOf } from '../data/profiles';
import type { SimImage } from '../model';
import type { World } from '../world';
import type { SimExecution, SimStage } from './model';
import { addStage, endExecution, endStage, failWith, parameter, runOf, runTags } from './stages';

/** Images that Rosco has made, by bake key: it hands them out again unless a rebake is asked for. */
export type BakeStore = Map<string, string>;

export function runBake(world: World, store: BakeStore, execution: SimExecution): void {
  const habits = world.behaviours.of(runOf(execution));
  const baseOs = parameter(execution, 'baseOs') ?? 'ubuntu-24';
  const regions = regionsOf(world, execution);
  const context = {
    regions,
    baseOs,
    cloudProviderType: 'aws',
    storeType: 'ebs',
    vmType: 'hvm',
    package: 'golden',
  };
  const parent = addStage(world, execution, { refId: '1', type: 'bake', name: 'Bake', context });
  // One part for each region, side by side; they share one suffix, so that their images have one name.
  const parts = regions.map((region, index) => {
    const child = addStage(world, execution, {
      refId: `1<${index + 1}`,
      type: 'bake',
      name: `Bake in ${region}`,
      parent,
      context: { ...context, region, status: { id: world.ids.uuid(), state: 'RUNNING', result: null } },
      tasks: ['createBake', 'monitorBake', 'completedBake', 'bindProducedArtifacts'],
    });
    const key = bakeKey(execution, region);
    return { child, region, baseOs, key, earlier: earlierImage(world, store, execution, { key, region }) };
  });
  for (const part of parts) whenCancelled(world, store, execution, part);
  const known = parts.every(({ earlier }) => earlier);
  if (habits.bake === 'never-ends' && !known) return;
  world.clock.after(known ? 0.1 : habits.bakeSeconds, () => {
    if (execution.canceled) return;
    finish(world, store, execution, { parent, parts });
  });
}

/** The pipeline's bake stage bakes where it is told to, unless it has a mind of its own. */
function regionsOf(world: World, execution: SimExecution): readonly string[] {
  const { bakeRegions } = world.behaviours.of(runOf(execution));
  const asked = parameter(execution, 'assayRegions') ?? parameter(execution, 'assayRegion') ?? 'us-east-1';
  return bakeRegions ?? asked.split(',');
}

/** What identifies a bake to Rosco: what goes into the image, not who asks for it. */
function bakeKey({ name, trigger }: SimExecution, region: string): string {
  const without = Object.entries(trigger.parameters).filter(([parameter]) => !/^assay(Run|Expires)$/.test(parameter));
  return JSON.stringify([region, name, without.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function earlierImage(
  world: World,
  store: BakeStore,
  execution: SimExecution,
  { key, region }: { readonly key: string; readonly region: string },
): SimImage | undefined {
  const { handOut, handOutIn, ignoreRebake } = world.behaviours.of(runOf(execution));
  const given = handOutIn[region] ?? handOut;
  if (given !== null) return world.images.get(given);
  if (execution.trigger.rebake === true && !ignoreRebake) return undefined;
  const image = world.images.get(store.get(key) ?? '');
  return image?.state === 'available' ? image : undefined;
}

interface Plan {
  readonly region: string;
  readonly baseOs: string;
  readonly key: string;
}

/** Orca does not cancel at Rosco, so that Packer may go on and make its image. */
function whenCancelled(world: World, store: BakeStore, execution: SimExecution, plan: Plan): void {
  execution.onCancel.push(() => {
    const { lateImage, lateImageSeconds, bakeSeconds } = world.behaviours.of(runOf(execution));
    if (!lateImage) return;
    const left = bakeSeconds + lateImageSeconds - (world.clock.now() - execution.buildTime) / world.clock.lasts(1);
    world.clock.after(Math.max(left, lateImageSeconds), () => void make(world, store, execution, plan, 'late bake'));
  });
}

function make(
  world: World,
  store: BakeStore,
  execution: SimExecution,
  { region, baseOs, key }: Plan,
  by: string,
): SimImage {
  const tags = world.behaviours.of(runOf(execution)).bakeTags ? runTags(execution) : {};
  const suffix = new Date(execution.buildTime).toISOString().replace(/\D/g, '').slice(0, 14);
  const name = `golden-${baseOs.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 60)}-${suffix}-${execution.id.slice(-6).toLowerCase()}`;
  const own = { ...tags, appversion: 'golden-1.0.0', base_ami_version: baseOs };
  const profile = profileOf(baseOs);
  const image = createImage(world, { region, name, tags: own, snapshotTags: tags, profile, by });
  // Packer waits for it before it says that it is done.
  image.state = 'available';
  store.set(key, image.id);
  return image;
}

interface Part extends Plan {
  readonly child: SimStage;
  readonly earlier: SimImage | undefined;
}

interface Finish {
  readonly parent: SimStage;
  readonly parts: readonly Part[];
}

function finish(world: World, store: BakeStore, execution: SimExecution, { parent, parts }: Finish): void {
  const habits = world.behaviours.of(runOf(execution));
  const breaks = habits.bake === 'fails' || habits.bake === 'fails-late' || habits.bake === 'continues';
  const isFailed = ({ earlier, region }: Part): boolean =>
    !earlier && (breaks || (habits.bake === 'fails-elsewhere' && region !== parts[0]?.region));
  const details = parts.flatMap((part) => {
    if (isFailed(part)) {
      failPart(world, store, execution, part);
      return [];
    }
    const detail = habits.bake === 'no-image' ? undefined : succeedPart(world, store, execution, part);
    endStage(world, part.child, 'SUCCEEDED');
    return detail ?? [];
  });
  parent.outputs = details.length > 0 ? { deploymentDetails: details } : {};
  if (details.length > 0) parent.context['deploymentDetails'] = details;
  const failed = parts.some(isFailed);
  endStage(world, parent, !failed ? 'SUCCEEDED' : habits.bake === 'continues' ? 'FAILED_CONTINUE' : 'TERMINAL');
  endExecution(world, execution);
}

function failPart(world: World, store: BakeStore, execution: SimExecution, part: Part): void {
  const habits = world.behaviours.of(runOf(execution));
  part.child.context['status'] = { state: 'COMPLETED', result: 'FAILURE' };
  failWith(part.child, habits.bakeFailure);
  endStage(world, part.child, 'TERMINAL');
  if (habits.bake === 'fails-late')
    world.clock.after(habits.lateImageSeconds, () => void make(world, store, execution, part, 'late bake'));
}

function succeedPart(world: World, store: BakeStore, execution: SimExecution, part: Part): object {
  const { region, baseOs, earlier, child } = part;
  const image = earlier ?? make(world, store, execution, part, 'bake');
  const detail = {
    ami: image.id,
    imageId: image.id,
    imageName: image.name,
    amiSuffix: image.creationDate.replace(/\D/g, '').slice(0, 14),
    baseOs,
    storeType: 'ebs',
    vmType: 'hvm',
    region,
    package: 'golden',
    cloudProvider: 'aws',
    cloudProviderType: 'aws',
  };
  Object.assign(child.context, detail, {
    previouslyBaked: earlier !== undefined,
    status: { state: 'COMPLETED', result: 'SUCCESS' },
  });
  return detail;
}
