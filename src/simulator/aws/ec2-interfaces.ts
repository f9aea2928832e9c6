/** Network interfaces, by the EC2 API reference. */
import type { SimInterface } from '../model';
import { items, tagSet } from '../xml';
import { isFound, isListed, type World } from '../world';
import { AwsError } from './fault';
import type { Operation } from './operation';
import { filtered, paged, type Fields } from './params';

const FIELDS: Fields<SimInterface> = {
  'network-interface-id': ({ id }) => id,
  status: ({ state }) => state,
  'subnet-id': ({ subnetId }) => subnetId,
  'group-id': ({ securityGroupIds }) => securityGroupIds,
  'attachment.instance-id': ({ instanceId }) => instanceId ?? [],
};

function networkInterface(world: World, id: string, region: string): SimInterface {
  const found = world.interfaces.get(id);
  if (!found || found.region !== region || found.state === 'deleted' || !isFound(world, found))
    throw new AwsError('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
  return found;
}

export const describeNetworkInterfaces: Operation = (world, params, region, page) => {
  const ids = params.all('NetworkInterfaceId');
  const all =
    ids.length > 0
      ? ids.map((id) => networkInterface(world, id, region))
      : [...world.interfaces.values()].filter(
          (one) => one.region === region && one.state !== 'deleted' && isListed(world, one),
        );
  const found = filtered(all, params.parts('Filter'), FIELDS);
  const { page: shown, next } = ids.length > 0 ? { page: found, next: undefined } : paged(found, page(params, 1000));
  return {
    networkInterfaceSet: items(
      shown.map((one) => ({
        networkInterfaceId: one.id,
        subnetId: one.subnetId,
        status: one.state,
        interfaceType: 'interface',
        groupSet: items(one.securityGroupIds.map((id) => ({ groupId: id, groupName: id }))),
        attachment:
          one.instanceId === null
            ? undefined
            : {
                instanceId: one.instanceId,
                deviceIndex: 0,
                status: 'attached',
                deleteOnTermination: one.deleteOnTermination,
              },
        // Alone among EC2's things their tags are in `tagSet`, and the SDK calls that TagSet.
        tagSet: tagSet(one.tags),
      })),
    ),
    ...(next === undefined ? {} : { nextToken: next }),
  };
};

export const deleteNetworkInterface: Operation = (world, params, region) => {
  const found = networkInterface(world, params.need('NetworkInterfaceId'), region);
  if (found.state === 'in-use')
    throw new AwsError('InvalidParameterValue', `Network interface '${found.id}' is currently in use.`);
  found.state = 'deleted';
  world.note('interface.deleted', { interface: found.id, by: 'ec2' });
  return { return: true };
};
