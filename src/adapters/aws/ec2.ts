/** What images and instances both ask of EC2. */
import { CreateTagsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { call, type Call } from './failures';
import { allPages, inGroups, type Page } from './paging';
import { writeTags } from './tags';

/** EC2 in one region. */
export interface Ec2 {
  readonly client: EC2Client;
  readonly region: string;
}

/** At most 200 values fit into a filter (EC2 API reference, Filter). */
const MOST_VALUES = 200;

export const ec2Call = ({ region }: Ec2, operation: string): Call => ({ service: 'ec2', operation, region });

/** Sets tags; the same ones again are no change. */
export async function tagResource(ec2: Ec2, id: string, tags: Readonly<Record<string, string>>): Promise<void> {
  const Tags = writeTags(tags);
  if (Tags.length === 0) return;
  await call(ec2Call(ec2, 'CreateTags'), () => ec2.client.send(new CreateTagsCommand({ Resources: [id], Tags })));
}

/**
 * Those of the ids that still exist, asked by filter: a request by ids fails as a whole as soon as one of them is gone.
 */
export async function existing(
  ids: readonly string[],
  look: (ids: string[], token: string | undefined) => Promise<Page<string>>,
): Promise<string[]> {
  const wanted = new Set(ids);
  const found = new Set<string>();
  for (const group of inGroups([...wanted], MOST_VALUES))
    for (const id of await allPages((token) => look(group, token))) if (wanted.has(id)) found.add(id);
  return [...found];
}

/** The ids among what AWS listed. */
export const present = (ids: readonly (string | undefined)[]): string[] => ids.filter((id) => id !== undefined);
