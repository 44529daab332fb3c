// Certificates made on the spot, so that no key lies in the repository. DER by hand: Node can sign, but not certify.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certified {
  readonly cert: string;
  readonly key: string;
}

interface Authority extends Certified {
  readonly privateKey: KeyObject;
}

export function makeAuthority(name: string): Authority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = seq(oid(2, 5, 29, 19), der(0x01, [0xff]), der(0x04, seq(der(0x01, [0xff]))));
  return { ...certify(name, name, privateKey, privateKey, isAuthority), privateKey };
}

export function makeCertificate(
  issuer: Authority,
  issuerName: string,
  { host, days = 365 }: { readonly host: string; readonly days?: number },
): Certified {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = seq(oid(2, 5, 29, 17), der(0x04, seq(der(0x82, Buffer.from(host)))));
  return certify(host, issuerName, privateKey, issuer.privateKey, names, days);
}

function certify(
  subject: string,
  issuer: string,
  own: KeyObject,
  by: KeyObject,
  extension: Buffer,
  days = 365,
): Certified {
  const algorithm = seq(oid(1, 2, 840, 10045, 4, 3, 2));
  const dayMs = 24 * 60 * 60_000;
  const end = Date.now() + days * dayMs;
  const body = seq(
    der(0xa0, der(0x02, [2])),
    der(0x02, [1 + Math.floor(Math.random() * 100)]),
    algorithm,
    nameOf(issuer),
    seq(timeOf(Math.min(Date.now(), end) - 2 * dayMs), timeOf(end)),
    nameOf(subject),
    createPublicKey(own).export({ type: 'spki', format: 'der' }),
    der(0xa3, seq(extension)),
  );
  const whole = seq(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, by)])));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: String(own.export({ type: 'pkcs8', format: 'pem' })),
  };
}

function nameOf(name: string): Buffer {
  return seq(der(0x31, seq(oid(2, 5, 4, 3), der(0x0c, Buffer.from(name)))));
}

function timeOf(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/\.\d+/, '').replaceAll(/[-:T]/g, '').slice(2);
  return der(0x17, Buffer.from(text));
}

function oid(first: number, second: number, ...more: readonly number[]): Buffer {
  const bytes = more.flatMap(value => {
    const groups = [value & 0x7f];
    for (let rest = value >> 7; rest > 0; rest >>= 7) groups.unshift((rest & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, [first * 40 + second, ...bytes]);
}

function seq(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, value: Uint8Array | readonly number[]): Buffer {
  const bytes = Buffer.from(value);
  const { length } = bytes;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), bytes]);
}
