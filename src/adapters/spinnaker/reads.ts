/** What of Gate can be seen without doing anything: who we are, rights, pipelines. */
import { NotFound, TryAgain } from '../../domain/errors';
import type { ApplicationRights, GateUser, PipelineConfig, SpinnakerReads } from '../ports';
import { notFound, read } from './answers';
import { createGate } from './gate';
import type { SpinnakerOptions } from './index';
import { record, records, text, texts } from './json';

const TIMEOUT_MS = 15_000;

/** Throws Final for a base URL that cannot work. */
export function createSpinnakerReads(options: SpinnakerOptions): SpinnakerReads {
  const { gate: url, application, auth, timeoutMs = TIMEOUT_MS } = options;
  const gate = createGate({ gate: url, auth, timeoutMs });

  /** `undefined` for Gate's own 404. */
  async function get(path: readonly string[]): Promise<unknown> {
    try {
      return read(await gate({ method: 'GET', path }), { missing: notFound }) ?? null;
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  return {
    async whoAmI(): Promise<GateUser> {
      // Empty where Gate has no security (AuthController).
      const found = await get(['auth', 'user']);
      if (found === undefined) throw new TryAgain(`${url} has no /auth/user, which every Gate has`);
      const user = record(found);
      return { name: text(user.username) ?? text(user.email) ?? null, roles: texts(user.roles) };
    },

    async application(): Promise<ApplicationRights | undefined> {
      const found = await get(['applications', application]);
      if (found === undefined) return undefined;
      const permissions = record(record(record(found).attributes).permissions);
      const rights = (name: string): readonly string[] | null =>
        name in permissions ? texts(permissions[name]) : null;
      return { READ: rights('READ'), WRITE: rights('WRITE'), EXECUTE: rights('EXECUTE') };
    },

    async pipeline(name: string): Promise<PipelineConfig | undefined> {
      const found = await get(['applications', application, 'pipelineConfigs', name]);
      if (found === undefined) return undefined;
      // Nothing is not the same as none: Gate answers so when Front50 failed.
      if (text(record(found).name) === undefined) throw new TryAgain(`Gate answered without the pipeline "${name}"`);
      const { disabled, parameterConfig } = record(found);
      return {
        disabled: disabled === true,
        parameters: records(parameterConfig).flatMap(({ name: parameter, required, default: given }) => {
          const called = text(parameter);
          return called === undefined
            ? []
            : [
                {
                  name: called,
                  required: required === true,
                  hasDefault: given !== undefined && given !== null && given !== '',
                },
              ];
        }),
      };
    },

    async judgments(stage: string) {
      const all = await get(['applications', application, 'pipelineConfigs']);
      if (!Array.isArray(all)) throw new TryAgain('Gate answered without the list of pipelines');
      return records(all).flatMap(({ name: pipeline, stages }) =>
        records(stages)
          .filter(({ type, name }) => type === 'manualJudgment' && name === stage)
          .map(({ stageTimeoutMs }) => ({
            pipeline: text(pipeline) ?? '',
            stageTimeoutMs: typeof stageTimeoutMs === 'number' ? stageTimeoutMs : null,
          })),
      );
    },
  };
}
