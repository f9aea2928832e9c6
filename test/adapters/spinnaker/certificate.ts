/** X.509 certificates made on the spot (RFC 5280, RFC 8410), so that no key lies in the tree. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed Ed25519 certificate for 127.0.0.1, good for a day. */
export function selfSigned(name: string): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = certificateOf(name, privateKey, publicKey);
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificateOf(name: string, privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const ed25519 = sequence(oid(0x2b, 0x65, 0x70));
  const commonName = sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(name)))));
  const extensions = sequence(
    sequence(oid(0x55, 0x1d, 0x13), octets(sequence(tlv(0x01, Buffer.from([0xff]))))),
    sequence(oid(0x55, 0x1d, 0x11), octets(sequence(tlv(0x87, Buffer.from([127, 0, 0, 1]))))),
  );
  const now = Date.now();
  const content = sequence(
    tlv(0xa0, integer(2)),
    integer(1),
    ed25519,
    commonName,
    sequence(time(now - 3_600_000), time(now + 86_400_000)),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, extensions),
  );
  return sequence(content, ed25519, tlv(0x03, Buffer.concat([Buffer.from([0]), sign(null, content, privateKey)])));
}

function tlv(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts));
const oid = (...bytes: readonly number[]): Buffer => tlv(0x06, Buffer.from(bytes));
const integer = (value: number): Buffer => tlv(0x02, Buffer.from([value]));
const octets = (content: Buffer): Buffer => tlv(0x04, content);
const time = (ms: number): Buffer =>
  tlv(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
