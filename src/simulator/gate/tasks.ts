/** Ad-hoc tasks: `POST /tasks` with a list of jobs. */
import { list, record, text, texts, type Json } from '../http';
import type { World } from '../world';
import { runDestroy } from './destroy';
import { showTags } from './images';
import type { SimExecution } from './model';
import { running } from './show';
import { addStage, beginExecution, endExecution, endStage, failWith, runOf } from './stages';

/**
 * Throws for a kind of job that is not simulated. Gate hands the body on as it is, so that a trigger with a correlation id finds
 * the running task of that id (Orca, `/ops` and ExecutionLauncher).
 */
export function startTask(world: World, body: Json): SimExecution {
  const given = record(body.trigger);
  const correlationId = text(given.correlationId);
  const same = running(world, correlationId, 'ORCHESTRATION');
  if (same) return same;
  const jobs = list(body.job).map(record);
  const job = jobs[0] ?? {};
  const type = text(job.type);
  const application = text(body.application) ?? 'unknown';
  const name = text(body.description) ?? type ?? 'task';
  switch (type) {
    case 'destroyServerGroup': {
      const execution = begin();
      const region = text(job.region) ?? texts(job.regions)[0] ?? 'us-east-1';
      runDestroy(world, execution, { region, name: text(job.serverGroupName) ?? text(job.asgName) ?? '' });
      return execution;
    }
    case 'upsertImageTags': {
      const execution = begin();
      tagImages(world, execution, job);
      return execution;
    }
    default:
      throw new Error(`No stage builder found for ${String(type)}`);
  }

  function begin(): SimExecution {
    const trigger = { ...given, type: text(given.type) ?? 'manual', parameters: record(given.parameters) };
    const execution = beginExecution(
      world,
      { application, name, id: null, kind: 'task' },
      { ...trigger, ...(correlationId === undefined ? {} : { correlationId }) },
    );
    execution.vanished = world.behaviours.of(runOf(execution)).vanishing.includes('task');
    return execution;
  }
}

/** By image names, not ids. */
export function tagImages(world: World, execution: SimExecution, job: Json): void {
  const names = texts(job.imageNames);
  const regions = texts(job.regions);
  const stage = addStage(world, execution, {
    refId: '0',
    type: 'upsertImageTags',
    name: 'Tag Image',
    context: { ...job },
    tasks: ['upsertImageTags', 'monitorUpsert', 'waitForTaggedImage'],
  });
  const habits = world.behaviours.of(runOf(execution));
  world.clock.after(1, () => {
    if (execution.canceled) return;
    const images = [...world.images.values()].filter(
      ({ name, region, state }) =>
        names.includes(name) && (regions.length === 0 || regions.includes(region)) && state !== 'deregistered',
    );
    if (images.length === 0) failWith(stage, `Image(s) not found: ${names.join(', ')}`);
    const tags = Object.fromEntries(Object.entries(record(job.tags)).map(([key, value]) => [key, String(value)]));
    for (const image of images) {
      image.tags = { ...image.tags, ...tags };
      showTags(world, image, habits);
      world.note('tags.created', { resource: image.id, tags });
    }
    endStage(world, stage, images.length === 0 ? 'TERMINAL' : 'SUCCEEDED');
    endExecution(world, execution);
  });
}
