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
  const region = parameter(execution, 'assayRegion') ?? 'us-east-1';
  const baseOs = parameter(execution, 'baseOs') ?? 'ubuntu-24';
  const context = {
    regions: [region],
    baseOs,
    cloudProviderType: 'aws',
    storeType: 'ebs',
    vmType: 'hvm',
    package: 'golden',
  };
  const parent = addStage(world, execution, { refId: '1', type: 'bake', name: 'Bake', context });
  const child = addStage(world, execution, {
    refId: '1<1',
    type: 'bake',
    name: `Bake in ${region}`,
    parent,
    context: { ...context, region, status: { id: world.ids.uuid(), state: 'RUNNING', result: null } },
    tasks: ['createBake', 'monitorBake', 'completedBake', 'bindProducedArtifacts'],
  });
  const key = bakeKey(execution, region);
  const earlier = earlierImage(world, store, execution, key);
  whenCancelled(world, store, execution, { region, baseOs, key });
  if (habits.bake === 'never-ends' && !earlier) return;
  world.clock.after(earlier ? 0.1 : habits.bakeSeconds, () => {
    if (execution.canceled) return;
    finish(world, store, execution, { parent, child, earlier, region, baseOs, key });
  });
}

/** What identifies a bake to Rosco: what goes into the image, not who asks for it. */
function bakeKey({ name, trigger }: SimExecution, region: string): string {
  const without = Object.entries(trigger.parameters).filter(([parameter]) => !/^assay(Run|Expires)$/.test(parameter));
  return JSON.stringify([region, name, without.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function earlierImage(world: World, store: BakeStore, execution: SimExecution, key: string): SimImage | undefined {
  const { handOut, ignoreRebake } = world.behaviours.of(runOf(execution));
  if (handOut !== null) return world.images.get(handOut);
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
  const suffix = new Date(world.clock.now()).toISOString().replace(/\D/g, '').slice(0, 14);
  const name = `golden-${baseOs.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 60)}-${suffix}-${execution.id.slice(-6).toLowerCase()}`;
  const own = { ...tags, appversion: 'golden-1.0.0', base_ami_version: baseOs };
  const profile = profileOf(baseOs);
  const image = createImage(world, { region, name, tags: own, snapshotTags: tags, profile, by });
  // Packer waits for it before it says that it is done.
  image.state = 'available';
  store.set(key, image.id);
  return image;
}

interface Finish extends Plan {
  readonly parent: SimStage;
  readonly child: SimStage;
  readonly earlier: SimImage | undefined;
}

function finish(world: World, store: BakeStore, execution: SimExecution, given: Finish): void {
  const { parent, child, earlier, region, baseOs } = given;
  const habits = world.behaviours.of(runOf(execution));
  const failed = habits.bake === 'fails' || habits.bake === 'fails-late' || habits.bake === 'continues';
  if (failed && !earlier) {
    child.context['status'] = { state: 'COMPLETED', result: 'FAILURE' };
    failWith(child, habits.bakeFailure);
    endStage(world, child, 'TERMINAL');
    endStage(world, parent, habits.bake === 'continues' ? 'FAILED_CONTINUE' : 'TERMINAL');
    endExecution(world, execution);
    if (habits.bake === 'fails-late')
      world.clock.after(habits.lateImageSeconds, () => void make(world, store, execution, given, 'late bake'));
    return;
  }
  if (habits.bake !== 'no-image') {
    const image = earlier ?? make(world, store, execution, given, 'bake');
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
    parent.outputs = { deploymentDetails: [detail] };
    parent.context['deploymentDetails'] = [detail];
  }
  endStage(world, child, 'SUCCEEDED');
  endStage(world, parent, 'SUCCEEDED');
  endExecution(world, execution);
}
