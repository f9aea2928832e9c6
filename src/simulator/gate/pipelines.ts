/** Pipelines that Front50 knows, and how they are started. */
import { parse, record, text, type Json } from '../http';
import type { World } from '../world';
import { runBake, type BakeStore } from './bake';
import { runDeploy } from './deploy';
import { runDestroy } from './destroy';
import type { PipelineKind, SimExecution, SimPipeline } from './model';
import { running } from './show';
import { tagImages } from './tasks';
import { addStage, beginExecution, endExecution, endStage, parameter, runOf } from './stages';

export interface Pipelines {
  all(): readonly SimPipeline[];
  /** Registers one more pipeline; one that is there is saved anew. */
  add(pipeline: Omit<SimPipeline, 'id'>): void;
  /** By name or id; undefined when there is none. */
  find(application: string, nameOrId: string): SimPipeline | undefined;
  start(pipeline: SimPipeline, body: Json): SimExecution;
}

const APPLICATION = 'goldenami';

export function createPipelines(world: World): Pipelines {
  let known: readonly SimPipeline[] = [];
  const baked: BakeStore = new Map();
  const add: Pipelines['add'] = (pipeline) => {
    const { application, name } = pipeline;
    const before = known.find((one) => one.application === application && one.name === name);
    known = [...known.filter((one) => one !== before), { ...pipeline, id: before?.id ?? world.ids.uuid() }];
  };
  add({ application: APPLICATION, name: 'bake-golden', kind: 'bake' });
  add({ application: APPLICATION, name: 'deploy-candidate', kind: 'deploy' });
  add({ application: APPLICATION, name: 'destroy-candidate', kind: 'destroy' });

  return {
    all: () => known,
    add,
    find: (application, nameOrId) =>
      known.find((one) => one.application === application && (one.name === nameOrId || one.id === nameOrId)),
    start(pipeline, body) {
      const correlationId = text(body.correlationId);
      const same = running(world, correlationId);
      if (same) return same;
      const trigger = {
        ...body,
        type: text(body.type) ?? 'manual',
        parameters: record(body.parameters),
        rebake: body.rebake === true,
        ...(correlationId === undefined ? {} : { correlationId }),
      };
      const execution = beginExecution(world, pipeline, trigger);
      run(world, baked, execution, pipeline.kind);
      execution.vanished = world.behaviours.of(runOf(execution)).vanishing.includes(pipeline.kind);
      return execution;
    },
  };
}

function run(world: World, baked: BakeStore, execution: SimExecution, kind: PipelineKind): void {
  switch (kind) {
    case 'bake':
      runBake(world, baked, execution);
      return;
    case 'deploy':
      runDeploy(world, execution);
      return;
    case 'destroy': {
      const region = parameter(execution, 'region') ?? 'us-east-1';
      runDestroy(world, execution, { region, name: parameter(execution, 'serverGroupName') ?? '' });
      return;
    }
    case 'tag': {
      const given = (name: string): string => parameter(execution, name) ?? '';
      const [imageNames, regions] = [[given('imageName')], given('imageRegions').split(',')];
      tagImages(world, execution, { imageNames, regions, tags: parse(given('imageTags')) });
      return;
    }
    case 'plain': {
      const stage = addStage(world, execution, { refId: '1', type: 'wait', name: 'Wait', tasks: ['wait'] });
      world.clock.after(1, () => {
        if (execution.canceled) return;
        endStage(world, stage, 'SUCCEEDED');
        endExecution(world, execution);
      });
      return;
    }
  }
}
