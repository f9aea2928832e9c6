/** Deliveries as senders sign them, written from the two descriptions and not from the code that checks. */
import { createHmac, randomBytes } from 'node:crypto';
import { parsePath, type HookMapping } from '../../src/domain/hook';
import type { HookConfig } from '../../src/config/config';

export const webhookSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

/** Headers of a delivery by Standard Webhooks; `secrets` makes a signature for each. */
export function standard(
  body: string | Buffer,
  { secrets, id = 'msg_1', at = Date.now() }: { secrets: readonly string[]; id?: string; at?: number },
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'));
    return `v1,${mac.update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** Headers of a delivery by GitHub. */
export const github = (
  body: string | Buffer,
  {
    secret,
    id = '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    event = 'release',
  }: { secret: string; id?: string; event?: string },
): Record<string, string> => ({
  'x-github-delivery': id,
  'x-github-event': event,
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});

const PLAIN: HookMapping = {
  when: [],
  line: { name: 'golden' },
  parameters: { packageVersion: { path: parsePath('$.release.tag_name') ?? [], shown: '$.release.tag_name' } },
  reason: null,
};

/** A source's settings; a secret that is a function is read by it. */
export function hookOf(
  kind: HookConfig['kind'],
  secrets: readonly (string | (() => string))[],
  { mapping, ...change }: Partial<Omit<HookConfig, 'mapping'>> & { readonly mapping?: Partial<HookMapping> } = {},
): HookConfig {
  return {
    kind,
    secrets: secrets.map((given, index) => ({
      place: `hooks.ci.x.secrets[${index}]`,
      secret: { reference: '${env:X}', read: () => (typeof given === 'string' ? given : given()) } as never,
    })),
    sameBodyAgain: 'refuse',
    mapping: { ...PLAIN, ...mapping },
    ...change,
  };
}

export const BODY = JSON.stringify({ action: 'published', release: { tag_name: '1.4' } });
