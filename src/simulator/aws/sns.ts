/** SNS, by its API reference: topics, and messages that are kept. */
import type { SimMessage } from '../model';
import { members } from '../xml';
import { AwsError } from './fault';
import type { Operation } from './operation';
import { paged, type Params } from './params';

/** FIFO topics drop a repeated deduplication id for this long. */
const DEDUPLICATION_SECONDS = 300;
const MOST_BYTES = 262_144;

const publish: Operation = (world, params) => {
  const topicArn = params.get('TopicArn') ?? params.need('TargetArn');
  if (!/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/.test(topicArn))
    throw new AwsError('InvalidParameter', 'Invalid parameter: TopicArn');
  if (!world.topics.has(topicArn)) throw new AwsError('NotFound', 'Topic does not exist', 404);
  const message = params.need('Message');
  if (Buffer.byteLength(message) > MOST_BYTES)
    throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
  const subject = params.get('Subject') ?? null;
  // Printable ASCII, below 100 characters, without line breaks.
  if (subject !== null && !/^[\x20-\x7e]{1,99}$/.test(subject))
    throw new AwsError('InvalidParameter', 'Invalid parameter: Subject');
  const fifo = topicArn.endsWith('.fifo');
  const groupId = params.get('MessageGroupId') ?? null;
  if (fifo && groupId === null)
    throw new AwsError(
      'InvalidParameter',
      'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
    );
  const deduplicationId = params.get('MessageDeduplicationId') ?? null;
  if (fifo && deduplicationId === null)
    throw new AwsError(
      'InvalidParameter',
      'Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  if (!fifo && deduplicationId !== null)
    throw new AwsError(
      'InvalidParameter',
      'Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  const since = world.clock.now() - DEDUPLICATION_SECONDS * 1000;
  const same = world.messages.find(
    (one) => fifo && one.topicArn === topicArn && one.deduplicationId === deduplicationId && one.at >= since,
  );
  if (same) return answer(same, fifo, world.messages.indexOf(same));
  const made: SimMessage = {
    id: world.ids.uuid(),
    topicArn,
    subject,
    message,
    attributes: attributesOf(params),
    groupId,
    deduplicationId,
    at: world.clock.now(),
  };
  world.messages.push(made);
  world.note('message.published', { topic: topicArn, message: made.id, subject });
  return answer(made, fifo, world.messages.length - 1);
};

const attributesOf = (params: Params): Readonly<Record<string, string>> =>
  Object.fromEntries(
    params.parts('MessageAttributes.entry').map((entry) => {
      entry.need('Value.DataType');
      return [entry.need('Name'), entry.need('Value.StringValue')];
    }),
  );

const answer = ({ id }: SimMessage, fifo: boolean, index: number) => ({
  MessageId: id,
  ...(fifo ? { SequenceNumber: String(index + 1).padStart(20, '0') } : {}),
});

const createTopic: Operation = (world, params, region) => {
  const name = params.need('Name');
  if (!/^[A-Za-z0-9_-]{1,251}(\.fifo)?$/.test(name))
    throw new AwsError('InvalidParameter', 'Invalid parameter: Topic Name');
  const arn = `arn:aws:sns:${region}:${world.account}:${name}`;
  world.topics.set(arn, { arn, region });
  return { TopicArn: arn };
};

const listTopics: Operation = (world, params, region, page) => {
  const all = [...world.topics.values()].filter((topic) => topic.region === region);
  const { page: shown, next } = paged(all, page(params, 100));
  return {
    Topics: members(shown.map(({ arn }) => ({ TopicArn: arn }))),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

export const SNS: Readonly<Record<string, Operation>> = {
  Publish: publish,
  CreateTopic: createTopic,
  ListTopics: listTopics,
};
