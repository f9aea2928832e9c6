import { generateKeyPair } from '../../../src/adapters/evidence/keys';
import { signToken } from '../../../src/adapters/evidence/jws';
import { signingKey } from '../../../src/adapters/evidence/keys';
import { createSealer, createSignatures, createSigner } from '../../../src/adapters/evidence/seal';
import type { RequestStatement } from '../../../src/domain/evidence';
import { EvidenceChanged } from '../../../src/domain/errors';
import { scheduledOrder } from '../../../src/domain/schedule';

const server = generateKeyPair();
const worker = generateKeyPair();
const stranger = generateKeyPair();
const AT = '2026-11-25T04:00:00Z';
const { key, request, credential, subject } = scheduledOrder(
  'golden',
  { cron: '', timezone: '', overlap: 'skip', jitterMinutes: 0, paused: null, catchupHours: 1, parameters: {} },
  AT,
);
const STATEMENT: RequestStatement = { kind: 'request', run: key, key, request, credential, subject, at: AT };

const signatures = createSignatures({
  publicKeys: () => [server.publicKey],
  ledgerKeys: () => [worker.publicKey],
  access: () => ({ keys: [], revoked: [] }),
});
const sealedBy = ({ privateKey }: { privateKey: string }, change: Partial<RequestStatement> = {}): string =>
  createSealer({ privateKey: () => privateKey, publicKeys: () => [] }).seal({
    ...STATEMENT,
    ...change,
    kind: 'scheduled',
  });

test('what the worker seals for a schedule opens as a request, and what the server signs still does', () => {
  expect(signatures.request(sealedBy(worker))).toEqual(STATEMENT);
  const signed = createSigner({ privateKey: () => server.privateKey }).request(STATEMENT);
  expect(signatures.request(signed)).toEqual(STATEMENT);
});

test.each([
  ['sealed by a stranger', () => sealedBy(stranger)],
  ['sealed with the server’s key', () => sealedBy(server)],
  [
    'signed as a request with the worker’s key',
    () => createSigner({ privateKey: () => worker.privateKey }).request(STATEMENT),
  ],
  ['sealed as something else', () => signToken('statement-settings', STATEMENT, signingKey(worker.privateKey))],
  ['that says it is something else', () => signToken('statement-scheduled', STATEMENT, signingKey(worker.privateKey))],
  ['for a person’s request', () => sealedBy(worker, { credential: 'ci', subject: 'eve@example.com' })],
  [
    'with an image',
    () => sealedBy(worker, { request: { ...request, image: { id: 'ami-1', region: 'r', destroy: false } } }),
  ],
  ['for another run', () => sealedBy(worker, { run: 'golden-1' })],
  ['that is none', () => 'x.y.z'],
  ['that is empty', () => ''],
])('a request %s is refused', (_name, token) => {
  expect(() => signatures.request(token())).toThrow(EvidenceChanged);
});

test('where no ledger key is given, no schedule may ask', () => {
  const closed = createSignatures({ publicKeys: () => [server.publicKey], access: () => ({ keys: [], revoked: [] }) });
  expect(() => closed.request(sealedBy(worker))).toThrow(EvidenceChanged);
});
