import {
  CreateOrUpdateTagsCommand,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  type AutoScalingClient,
  type AutoScalingGroup as AwsGroup,
  type DescribeAutoScalingGroupsCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type { AutoScalingGroup, AutoScalingGroups } from '../ports';
import { present } from './ec2';
import { call, remove, type Call } from './failures';
import { allPages, type Page } from './paging';
import { isOfRun, ofRunFilter, readTags, writeTags } from './tags';

/** Most groups a page can hold (EC2 Auto Scaling API reference, DescribeAutoScalingGroups). */
const PAGE = 100;

/** Auto Scaling groups in one region. */
export function createGroups({
  client,
  region,
}: {
  readonly client: AutoScalingClient;
  readonly region: string;
}): AutoScalingGroups {
  const to = (operation: string): Call => ({ service: 'autoscaling', operation, region });

  const look = async (input: DescribeAutoScalingGroupsCommandInput): Promise<Page<AwsGroup>> => {
    const command = new DescribeAutoScalingGroupsCommand({ ...input, MaxRecords: PAGE });
    const answer = await call(to('DescribeAutoScalingGroups'), () => client.send(command));
    return { items: answer.AutoScalingGroups, next: answer.NextToken };
  };

  return {
    async describe(name) {
      const groups = await allPages((NextToken) => look({ AutoScalingGroupNames: [name], NextToken }));
      const group = groups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
      return group && toGroup(group);
    },

    async ofRun(run) {
      const groups = await allPages((NextToken) => look({ Filters: [ofRunFilter(run)], NextToken }));
      return groups.filter(({ Tags }) => isOfRun(Tags, run)).map(toGroup);
    },

    async tag(name, tags) {
      const group = { ResourceId: name, ResourceType: 'auto-scaling-group', PropagateAtLaunch: true };
      const Tags = writeTags(tags).map((tag) => ({ ...tag, ...group }));
      if (Tags.length === 0) return;
      await call(to('CreateOrUpdateTags'), () => client.send(new CreateOrUpdateTagsCommand({ Tags })));
    },

    delete: (name) =>
      remove(to('DeleteAutoScalingGroup'), () =>
        client.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true })),
      ),
  };
}

const toGroup = ({ AutoScalingGroupName, Status, Instances, Tags }: AwsGroup): AutoScalingGroup => ({
  name: AutoScalingGroupName ?? '',
  status: Status ?? null,
  instanceIds: present((Instances ?? []).map(({ InstanceId }) => InstanceId)),
  tags: readTags(Tags),
});
