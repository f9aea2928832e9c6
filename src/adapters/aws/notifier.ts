/** Notifications by Amazon SNS, in the region that the topic's ARN names. */
import { createHash } from 'node:crypto';
import { PublishCommand, type MessageAttributeValue } from '@aws-sdk/client-sns';
import { BadInput } from '../../domain/errors';
import type { Notifier } from '../ports';
import type { AwsClients } from './clients';
import { call } from './failures';

const TOPIC = /^arn:[a-z][a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/;

/** Most characters of a subject, and bytes of a message with its attributes (SNS API reference, Publish). */
const LONGEST_SUBJECT = 100;
const LARGEST_MESSAGE = 262_144;
const CUT = ' … (cut)';

export function createNotifier(clients: AwsClients): Notifier {
  return {
    async notify(topicArn, { subject, message, attributes, token }) {
      const match = TOPIC.exec(topicArn);
      if (!match) throw new BadInput([`${topicArn} is no ARN of an SNS topic`]);
      const region = match[1] as string;
      const MessageAttributes = toAttributes(attributes);
      const command = new PublishCommand({
        TopicArn: topicArn,
        Subject: toSubject(subject),
        Message: toMessage(message, subject, sizeOf(MessageAttributes)),
        MessageAttributes,
        // Only FIFO topics take these. One group keeps the order; a repeat within five minutes is dropped.
        ...(match[2] === undefined
          ? {}
          : { MessageGroupId: 'assay', MessageDeduplicationId: createHash('sha256').update(token).digest('hex') }),
      });
      const to = { service: 'sns', operation: 'Publish', region } as const;
      await call(to, () => clients.in(region).sns.send(command));
    },
  };
}

/** SNS takes printable ASCII in one line that does not begin with a space. */
function toSubject(text: string): string {
  const ascii = text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/[^\x20-\x7e]/gu, '?')
    .trim();
  if (ascii === '') return 'Assay';
  return ascii.length > LONGEST_SUBJECT ? `${ascii.slice(0, LONGEST_SUBJECT - 3)}...` : ascii;
}

/** SNS refuses an empty message, and one that is too large together with its attributes. */
function toMessage(message: string, subject: string, taken: number): string {
  const text = message.trim() === '' ? toSubject(subject) : message;
  const bytes = Buffer.from(text);
  const room = LARGEST_MESSAGE - taken;
  if (bytes.length <= room) return text;
  // Cutting within a character leaves a replacement character, which is taken off.
  const kept = bytes
    .subarray(0, room - Buffer.byteLength(CUT))
    .toString()
    .replace(/\uFFFD+$/u, '');
  return kept + CUT;
}

/** SNS refuses attributes without a value. */
const toAttributes = (attributes: Readonly<Record<string, string>>): Record<string, MessageAttributeValue> =>
  Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value !== '')
      .map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );

const sizeOf = (attributes: Record<string, MessageAttributeValue>): number =>
  Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue }]) => sum + Buffer.byteLength(`${name}${DataType ?? ''}${StringValue ?? ''}`),
    0,
  );
