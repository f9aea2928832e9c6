/** Tags and filters in the form EC2 and Auto Scaling have them. */
import { TAG } from '../../domain/names';

interface AwsTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** AWS's list of tags as a record. */
export const readTags = (tags: readonly AwsTag[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));

/** A record as AWS's list of tags. */
export const writeTags = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** The filter by the run's tag. */
export const ofRunFilter = (run: string): { Name: string; Values: string[] } => ({
  Name: `tag:${TAG.run}`,
  Values: [run],
});

/** EC2 takes `*` and `?` in filters as wildcards, so what it found is looked at once more. */
export const isOfRun = (tags: readonly AwsTag[] | undefined, run: string): boolean => readTags(tags)[TAG.run] === run;
