import { randomUUID } from 'node:crypto';
import { createDirectoryStore } from '../../src/adapters/evidence/directory';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { createSealer, createSignatures, createSigner } from '../../src/adapters/evidence/seal';
import { createDocuments } from '../../src/activities';
import { createArchive, type Archive } from '../../src/client/archive';
import { connectTemporal, type Temporal } from '../../src/client/connect';
import { createRuns } from '../../src/client/runs';
import { Conflict } from '../../src/client/errors';
import { NO_REFS } from '../../src/domain/evidence';
import { EvidenceChanged } from '../../src/domain/errors';
import { hookRequester } from '../../src/domain/hook';
import { workflowId } from '../../src/domain/names';
import type { RunRequest } from '../../src/domain/request';
import { tempDir } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { quickSettings } from '../workflows/stub-world';

const ledger = generateKeyPair();
const decisions = generateKeyPair();
const REQUEST: RunRequest = { line: 'golden', parameters: { a: '1' }, requestedBy: 'eve@example.com', reason: 'patch' };
const opened: Temporal[] = [];
afterEach(async () => {
  for (const temporal of opened.splice(0)) await temporal.close();
});

function serverProcess(
  { address, namespace }: { address: string; namespace: string },
  directory: string,
  change: Partial<Archive> = {},
) {
  const temporal = connectTemporal({ connection: { address }, namespace });
  opened.push(temporal);
  const evidence = createDirectoryStore({ directory });
  const sealer = createSealer({ privateKey: () => ledger.privateKey, publicKeys: () => [] });
  const signatures = createSignatures({
    publicKeys: () => [decisions.publicKey],
    access: () => ({ keys: [], revoked: [] }),
  });
  const signer = createSigner({ privateKey: () => decisions.privateKey });
  const archive = { ...createArchive({ evidence, sealer, request: (token) => signatures.request(token) }), ...change };
  const runs = createRuns({
    ...{ temporal, archive, sign: signer, lines: () => ['golden'] },
    settings: (line) => (line === 'golden' ? quickSettings() : undefined),
    urls: () => ({ publicUrl: 'https://assay.example.com', temporalUi: null, namespace }),
  });
  return { runs, temporal, signer, documents: createDocuments(evidence, sealer) };
}

test('what a run was asked for is told from Temporal as long as there is no evidence, and then from that', async () => {
  const [place, directory] = [await testTemporal(), tempDir()];
  const { runs, documents, signer } = serverProcess(place, directory);
  const key = randomUUID();
  await runs.start({ key, request: REQUEST, credential: 'ci', subject: null });
  expect(await runs.request(key)).toEqual(REQUEST);
  expect(await runs.request('nobody')).toBeUndefined();
  expect(await runs.request('no/id')).toBeUndefined();

  // Temporal has forgotten this one.
  const at = new Date().toISOString();
  const old = { ...REQUEST, reason: 'long ago' };
  const token = signer.request({
    kind: 'request',
    run: 'old',
    key: 'old',
    request: old,
    credential: 'ci',
    subject: null,
    at,
  });
  const settings = await documents.store({
    ...{ kind: 'settings', run: 'old', line: 'golden', settings: quickSettings(), request: token, at },
  });
  await documents.writeRefs('old', { ...NO_REFS, settings });
  expect(await runs.request('old')).toEqual(old);
  // Another run's evidence tells nothing of this one.
  await documents.writeRefs('other', { ...NO_REFS, settings });
  await expect(runs.request('other')).rejects.toThrow(EvidenceChanged);
});

test('an order that stands for one run finds it for ever: twenty at once, in other processes, after a cancel, and after Temporal', async () => {
  const [place, directory] = [await testTemporal(), tempDir()];
  const processes = [serverProcess(place, directory), serverProcess(place, directory)] as const;
  const credential = hookRequester('github');
  const order = { key: `ci-github-${randomUUID()}`, request: REQUEST, credential, subject: null, once: 'delivery 1' };
  const begun = await Promise.all(
    Array.from({ length: 20 }, (_, nth) => processes[nth % 2 === 0 ? 0 : 1].runs.start(order)),
  );
  expect(new Set(begun.map(({ id }) => id))).toEqual(new Set([order.key]));

  await processes[0].temporal.client.workflow.getHandle(workflowId.run.of(order.key)).cancel();
  // For anybody else a restart would follow a cancel.
  const restarted = serverProcess(place, directory);
  expect((await restarted.runs.start(order)).id).toBe(order.key);
  await expect(restarted.runs.start({ ...order, once: 'delivery 2' })).rejects.toThrow(Conflict);
  // The config of now reads it otherwise, or has no such line any more.
  for (const line of ['golden', 'gone'])
    expect((await restarted.runs.start({ ...order, request: { ...REQUEST, line, reason: 'other' } })).id).toBe(
      order.key,
    );
  const gone = { ...REQUEST, line: 'gone' };
  for (const other of [{ once: 'delivery 2' }, { key: randomUUID() }])
    await expect(restarted.runs.start({ ...order, request: gone, ...other })).rejects.toThrow('there is no such line');

  await processes[0].temporal.client.workflow.getHandle(workflowId.run.of(order.key)).terminate();
  expect((await restarted.runs.start(order)).id).toBe(order.key);
  expect((await restarted.runs.list({})).runs).toHaveLength(1);

  // A namespace that knows nothing of the run stands for Temporal's retention.
  const later = serverProcess(await testTemporal(), directory);
  await later.documents.writeRefs(order.key, NO_REFS);
  await expect(later.runs.start(order)).rejects.toThrow('was ended inside Temporal');
  expect((await later.runs.list({})).runs).toHaveLength(0);
}, 60_000);

test('a run that begins between two looks at it is found, and not taken for one that Temporal has forgotten', async () => {
  const [place, directory] = [await testTemporal(), tempDir()];
  const quicker = serverProcess(place, directory);
  const order = { key: randomUUID(), request: REQUEST, credential: 'ci:x', subject: null, once: 'delivery 1' };
  const { runs } = serverProcess(place, directory, {
    refs: async () => {
      await quicker.runs.start(order);
      return NO_REFS;
    },
  });
  expect(await runs.start(order)).toMatchObject({ id: order.key });
});
