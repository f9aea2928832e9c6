import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { signToken } from '../../../src/adapters/evidence/jws';
import { generateKeyPair, signingKey } from '../../../src/adapters/evidence/keys';
import { createSealer, createSignatures, createSigner, type DecidingKey } from '../../../src/adapters/evidence/seal';
import type { Decision } from '../../../src/domain/approval';
import { EvidenceChanged, Final, Forbidden } from '../../../src/domain/errors';
import type { RequestStatement, Statement } from '../../../src/domain/evidence';

const keys = generateKeyPair();
const others = generateKeyPair();

const REQUEST: RequestStatement = {
  kind: 'request',
  run: 'r',
  key: 'r',
  request: { line: 'golden', parameters: { note: '${x} "ä" \ud83d' }, reason: 'monthly' },
  credential: 'ci',
  subject: 'ci',
  at: '2026-11-24T00:00:00.000Z',
};
const DECISION: Decision = {
  id: 'd-1',
  run: 'r',
  verdict: 'approve',
  comment: 'fine',
  evidenceDigest: `sha256:${'0'.repeat(64)}`,
  by: 'alice@example.com',
  groups: ['security', 'platform'],
  credential: 'alice',
  at: '2026-11-24T00:00:00.000Z',
};
const BAKE: Statement = { kind: 'bake', run: 'r', executionId: '01H', images: [] };
const DECIDED: Statement = { kind: 'decision', run: 'r', decision: DECISION, token: null };

const ALICE: DecidingKey = {
  id: 'alice',
  subject: 'alice@example.com',
  groups: ['security', 'platform'],
  scopes: ['runs:read', 'decisions:write'],
};

const sealer = createSealer({ privateKey: () => keys.privateKey, publicKeys: () => [] });
const signer = createSigner({ privateKey: () => keys.privateKey });
const signaturesFor = (given: readonly DecidingKey[] = [ALICE], revoked: readonly string[] = []) =>
  createSignatures({ publicKeys: () => [keys.publicKey], access: () => ({ keys: given, revoked }) });

/** Every way to open a token with the same key. */
const OPENERS: Readonly<Record<string, (token: string) => unknown>> = {
  request: (token) => signaturesFor().request(token),
  decision: (token) => signaturesFor().decision(token),
  'statement bake': (token) => sealer.open('bake', token),
  'statement request': (token) => sealer.open('request', token),
  'statement decision': (token) => sealer.open('decision', token),
};
const TOKENS: Readonly<Record<string, string>> = {
  request: signer.request(REQUEST),
  decision: signer.decision(DECISION),
  'statement bake': sealer.seal(BAKE),
  'statement request': sealer.seal(REQUEST),
  'statement decision': sealer.seal(DECIDED),
};

test('what was signed comes back as it was', () => {
  expect(signaturesFor().request(signer.request(REQUEST))).toEqual(REQUEST);
  expect(signaturesFor().decision(signer.decision(DECISION))).toEqual(DECISION);
  expect(sealer.open('bake', sealer.seal(BAKE))).toEqual(BAKE);
});

test('any statement survives its seal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (executionId, regions) => {
      const images = regions.map((region) => ({ region, amiId: 'ami-1' }));
      const statement: Statement = { kind: 'bake', run: 'r', executionId, images };
      expect(sealer.open('bake', sealer.seal(statement))).toEqual(statement);
    }),
  );
});

test('none passes for another, though all are by the same key', () => {
  for (const [made, token] of Object.entries(TOKENS))
    for (const [taken, open] of Object.entries(OPENERS)) {
      if (made === taken) expect(() => open(token)).not.toThrow();
      else expect(() => open(token)).toThrow(EvidenceChanged);
    }
});

test('a token in which any bit was flipped is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(TOKENS)), fc.nat(), fc.nat({ max: 7 }), (name, place, bit) => {
      const bytes = Buffer.from(TOKENS[name] ?? '', 'latin1');
      const index = place % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
      expect(() => OPENERS[name]?.(bytes.toString('latin1'))).toThrow(EvidenceChanged);
    }),
    { numRuns: 2000 },
  );
});

test('every bit of a signature counts, the spare ones of base64url too', () => {
  const token = TOKENS.request ?? '';
  const start = token.lastIndexOf('.') + 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n';
  for (const index of [start, start + 43, token.length - 2, token.length - 1])
    for (const other of alphabet) {
      if (token[index] === other) continue;
      const forged = token.slice(0, index) + other + token.slice(index + 1);
      expect(() => signaturesFor().request(forged)).toThrow(EvidenceChanged);
    }
});

test('characters that only look alike in Latin-1 are others', () => {
  const token = TOKENS.request ?? '';
  for (let index = 0; index < token.length; index += 7) {
    const twin = String.fromCharCode(token.charCodeAt(index) + 0x100);
    const forged = token.slice(0, index) + twin + token.slice(index + 1);
    expect(() => signaturesFor().request(forged)).toThrow(EvidenceChanged);
  }
});

test('what is no token is refused', () => {
  const token = TOKENS.request ?? '';
  const [header = '', payload = '', signature = ''] = token.split('.');
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = [
    '',
    '.',
    '..',
    'x',
    '{}',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${token}.`,
    `${token}.x`,
    `${token} `,
    `${token}\n`,
    ` ${token}`,
    `${token}=`,
    `${encoded({ alg: 'none', typ: 'assay-request+jws' })}.${payload}.`,
    `${encoded({ alg: 'none' })}.${payload}.${signature}`,
    `${encoded({ alg: 'HS256', typ: 'assay-request+jws' })}.${payload}.${signature}`,
    `${encoded({ alg: 'EdDSA', typ: 'assay-request+jws', kid: 'x' })}.${payload}.${signature}`,
    `${header}.${encoded(REQUEST)}.${signature}`,
    'x'.repeat(10_000_000),
  ];
  for (const one of forged) expect(() => signaturesFor().request(one)).toThrow(EvidenceChanged);
});

test('any text is refused with EvidenceChanged, and with nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat({ max: 3 }), (text, dots) => {
      expect(() => signaturesFor().request(text + `.${text}`.repeat(dots))).toThrow(EvidenceChanged);
    }),
  );
});

test('what the right key signed but is not what it should be is refused', () => {
  const own = signingKey(keys.privateKey);
  for (const content of [null, 'x', {}, { ...DECISION, by: 1 }, { ...DECISION, groups: 'security' }])
    expect(() => signaturesFor().decision(signToken('decision', content, own))).toThrow(EvidenceChanged);
  for (const content of [null, {}, BAKE]) {
    expect(() => signaturesFor().request(signToken('request', content, own))).toThrow(EvidenceChanged);
    expect(() => sealer.open('settings', signToken('statement-settings', content, own))).toThrow(EvidenceChanged);
  }
  const signed = `${(TOKENS.request ?? '').split('.')[0] ?? ''}.${Buffer.from('no JSON').toString('base64url')}`;
  const token = `${signed}.${sign(null, Buffer.from(signed), own.privateKey).toString('base64url')}`;
  expect(() => signaturesFor().request(token)).toThrow(EvidenceChanged);
});

test('a token by another key is refused', () => {
  const theirs = createSigner({ privateKey: () => others.privateKey });
  expect(() => signaturesFor().request(theirs.request(REQUEST))).toThrow(EvidenceChanged);
  const sealed = createSealer({ privateKey: () => others.privateKey, publicKeys: () => [] }).seal(BAKE);
  expect(() => sealer.open('bake', sealed)).toThrow(EvidenceChanged);
});

test('after a change of keys the old seals still open, as long as the old public key is kept', () => {
  const old = sealer.seal(BAKE);
  let publicKeys = [others.publicKey, keys.publicKey];
  const renewed = createSealer({ privateKey: () => others.privateKey, publicKeys: () => publicKeys });
  expect(renewed.open('bake', old)).toEqual(BAKE);
  expect(renewed.open('bake', renewed.seal(BAKE))).toEqual(BAKE);
  publicKeys = [];
  expect(renewed.open('bake', renewed.seal(BAKE))).toEqual(BAKE);
  expect(() => renewed.open('bake', old)).toThrow(EvidenceChanged);
});

test('who has only public keys opens and seals nothing', () => {
  const reader = createSealer({ privateKey: null, publicKeys: () => [keys.publicKey] });
  expect(reader.open('bake', TOKENS['statement bake'] ?? '')).toEqual(BAKE);
  expect(() => reader.seal(BAKE)).toThrow(/no signing\.ledger\.privateKey/);
});

test('a seal is a JWS that names its algorithm, its use and its key', () => {
  const [header = ''] = (TOKENS.decision ?? '').split('.');
  const given = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>;
  expect(given).toEqual({
    alg: 'EdDSA',
    kid: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    typ: 'assay-decision+jws',
  });
});

test('a digest is that of the canonical JSON', () => {
  const expected = createHash('sha256').update('{"a":[1,2],"b":"x"}').digest('hex');
  expect(sealer.digest({ b: 'x', a: [1, 2], c: undefined })).toBe(`sha256:${expected}`);
});

describe('a decision by the config of now', () => {
  const token = signer.decision(DECISION);
  const open = (given: readonly DecidingKey[], revoked: readonly string[] = []) =>
    signaturesFor(given, revoked).decision(token);

  test.each<[string, readonly DecidingKey[], readonly string[]]>([
    ['its key is gone', [], []],
    ['its key has another id now', [{ ...ALICE, id: 'Alice' }], []],
    ['its key is over', [{ ...ALICE, expires: '2020-01-01' }], []],
    ['nobody can tell when its key ends', [{ ...ALICE, expires: 'soon' }], []],
    ['its key may no longer decide', [{ ...ALICE, scopes: ['runs:read', 'admin'] }], []],
    ['its key speaks for somebody else', [{ ...ALICE, subject: 'mallory@example.com' }], []],
    ['its key speaks for itself only', [{ ...ALICE, subject: null }], []],
    ['its subject was revoked', [ALICE], ['bob@example.com', 'Alice@Example.com ']],
  ])('does not count when %s', (_, given, revoked) => {
    expect(() => open(given, revoked)).toThrow(Forbidden);
  });

  test('counts in the groups that its key had then and has now', () => {
    expect(open([{ ...ALICE, groups: ['platform', 'audit'], expires: '2999-01-01' }]).groups).toEqual(['platform']);
    expect(open([{ ...ALICE, groups: [] }]).groups).toEqual([]);
    const { groups: _, ...bare } = ALICE;
    expect(open([bare]).groups).toEqual([]);
  });

  test('without a credential never counts', () => {
    const unsigned = signer.decision({ ...DECISION, credential: null });
    expect(() => signaturesFor().decision(unsigned)).toThrow(Forbidden);
  });

  test('is judged only after its signature', () => {
    expect(() => signaturesFor([]).decision(`${token}x`)).toThrow(EvidenceChanged);
  });
});

test('a subject’s groups are those of all its keys that may decide now', () => {
  const given: DecidingKey[] = [
    ALICE,
    { ...ALICE, id: 'alice-2', groups: ['audit', 'security'] },
    { ...ALICE, id: 'old', groups: ['old'], expires: '2020-01-01' },
    { ...ALICE, id: 'reader', groups: ['reading'], scopes: ['runs:read'] },
    { id: 'carol', groups: ['release'], scopes: ['decisions:write'] },
  ];
  expect(signaturesFor(given).groupsOf('alice@example.com')).toEqual(['security', 'platform', 'audit']);
  expect(signaturesFor(given).groupsOf('carol')).toEqual(['release']);
  expect(signaturesFor(given).groupsOf('nobody')).toEqual([]);
  expect(signaturesFor(given, ['alice@example.com']).groupsOf('alice@example.com')).toEqual([]);
});

describe('a key that cannot be used', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = (key: typeof rsa.privateKey, type: 'pkcs8' | 'spki'): string =>
    key.export({ type, format: 'pem' }).toString();
  const secret = pem(rsa.privateKey, 'pkcs8');

  test.each([
    ['an empty file', '', /no PEM in PKCS#8/],
    ['no PEM', 'MC4CAQAwBQYDK2Vw', /no PEM in PKCS#8/],
    ['a damaged one', keys.privateKey.replace('MC4C', 'MC4D'), /no PEM in PKCS#8/],
    ['its public half', keys.publicKey, /no PEM in PKCS#8/],
    ['another type', secret, /of type rsa, not ed25519/],
  ])('as private key: %s', (_, privateKey, message) => {
    const seal = (): string => createSealer({ privateKey: () => privateKey, publicKeys: () => [] }).seal(BAKE);
    expect(seal).toThrow(message);
    expect(seal).toThrow(Final);
  });

  test.each([
    ['an empty file', '', /no PEM in SubjectPublicKeyInfo/],
    ['no PEM', 'x', /no PEM in SubjectPublicKeyInfo/],
    ['the private half', keys.privateKey, /give its public half/],
    ['another type', pem(rsa.publicKey, 'spki'), /of type rsa, not ed25519/],
  ])('as public key: %s', (_, publicKey, message) => {
    const open = (): unknown =>
      createSealer({ privateKey: null, publicKeys: () => [publicKey] }).open('bake', TOKENS['statement bake'] ?? '');
    expect(open).toThrow(message);
    expect(open).toThrow(Final);
  });

  test('is not shown', () => {
    const damaged = keys.privateKey.replace('MC4C', 'MC4D');
    for (const privateKey of [damaged, secret]) {
      let told = '';
      try {
        createSigner({ privateKey: () => privateKey }).request(REQUEST);
      } catch (error) {
        told = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : '';
      }
      expect(told).not.toBe('');
      for (const line of privateKey.split('\n').slice(1, -2)) expect(told).not.toContain(line.slice(4, 40));
    }
  });
});
