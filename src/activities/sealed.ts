import type { EvidenceRef, RequestStatement, SettingsStatement } from '../domain/evidence';
import { EvidenceChanged, Final, Forbidden } from '../domain/errors';
import type { LineSettings } from '../domain/settings';
import type { Deps } from './deps';

/**
 * A run's settings as its first act sealed them. What acts on Spinnaker, or takes something away in AWS, goes by them and not by
 * its input: whoever can write to Temporal can start any workflow and make up the input of any activity.
 */
export async function sealedSettings({ documents }: Pick<Deps, 'documents'>, run: string): Promise<SettingsStatement> {
  const refs = await documents.readRefs(run);
  if (!refs?.settings) throw new Forbidden(`run ${run} is not known here`);
  return settingsAt({ documents }, run, refs.settings);
}

/** A run's settings by a reference that the workflow gives; throws where it leads to those of another run. */
export async function settingsAt(
  { documents }: Pick<Deps, 'documents'>,
  run: string,
  ref: EvidenceRef,
): Promise<SettingsStatement> {
  const statement = await documents.load('settings', ref);
  if (statement.run !== run) throw new EvidenceChanged(`the settings of run ${run} are those of run ${statement.run}`);
  return statement;
}

/** Throws for a pipeline that is not the one which the run's line has for a step; `undefined`: it has none. */
export async function assertPipeline(
  deps: Pick<Deps, 'documents'>,
  { run, pipeline }: { readonly run: string; readonly pipeline: string | null },
  of: (line: LineSettings) => string | null | undefined,
): Promise<void> {
  const { line } = (await sealedSettings(deps, run)).settings;
  if (of(line) !== pipeline) throw new Final(`${pipeline ?? 'a task'} is not what the line ${line.name} has for this`);
}

/** What the run was asked for, as the server signed it, and since when it goes on. */
export async function sealedRequest(
  deps: Pick<Deps, 'documents' | 'signatures'>,
  run: string,
): Promise<RequestStatement> {
  const settings = await sealedSettings(deps, run);
  const statement = deps.signatures.request(settings.request);
  if (statement.run !== run) throw new EvidenceChanged(`the request of run ${run} is that of run ${statement.run}`);
  return statement;
}
