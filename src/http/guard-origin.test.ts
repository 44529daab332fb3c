import { expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { checkHost, checkOrigin, type GuardOptions } from './guard-origin.ts';

const local: GuardOptions = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] };
const named = { ...local, allowedHosts: ['proxy.example', 'other.example:8443', '[fd00::1]'] };
const wide = { ...local, host: '0.0.0.0' };

function codeOf(check: () => unknown): string {
  try {
    check();
    return 'passes';
  } catch (error) {
    if (error instanceof ProxyError) return error.code;
    throw error;
  }
}

test.each([
  'localhost',
  'LocalHost:8080',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.255.0.9:80',
  '[::1]',
  '[::1]:8080',
])('A12 Host %s is this machine, wherever the proxy is bound', host => {
  for (const options of [local, named, { ...named, host: '0.0.0.0' }]) {
    expect(checkHost([host], options)).toBe(host.toLowerCase());
  }
});

test.each([
  'evil.example',
  'evil.example:8080',
  'localhost.',
  'localhost.evil.example',
  'x.localhost',
  'localhost@evil.example',
  'evil.example#localhost',
  '127.0.0.1.nip.example',
  '127.0.0.1.',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '2130706433',
  '127.0.0.256',
  '0.0.0.0',
  '[::]',
  '::1',
  '[::ffff:127.0.0.1]',
  '[::1',
  '[::1]x',
  '[::1]evil.example',
  'localhost:',
  'localhost:80:80',
  'localhost:x',
  'localhost, evil.example',
  'localhost evil.example',
  'http://localhost',
  'proxy.example.evil.example',
  'other.example',
  'other.example:80',
  '',
])('A12 Host %j is refused by a proxy on loopback, and where names are listed', host => {
  for (const options of [local, named, { ...named, host: '::' }]) {
    expect(codeOf(() => checkHost([host], options))).toBe('host_not_allowed');
  }
});

test.each(['proxy.example', 'Proxy.Example:80', 'other.example:8443', '[fd00::1]:80'])(
  'A12 Host %s is listed',
  host => {
    expect(checkHost([host], named)).toBe(host.toLowerCase());
    expect(codeOf(() => checkHost([host], local))).toBe('host_not_allowed');
  },
);

test('A12 no Host, two Hosts', () => {
  expect(codeOf(() => checkHost(undefined, local))).toBe('host_not_allowed');
  expect(codeOf(() => checkHost([], local))).toBe('host_not_allowed');
  expect(codeOf(() => checkHost(['localhost', 'localhost'], local))).toBe('host_not_allowed');
  expect(codeOf(() => checkHost(['a.example', 'a.example'], wide))).toBe('host_not_allowed');
});

test('bound wider and with no names listed, any one Host passes', () => {
  expect(checkHost(['Anything.Example:80'], wide)).toBe('anything.example:80');
  expect(checkHost(undefined, wide)).toBe('');
});

const origins = { ...local, allowedOrigins: ['https://app.example', 'vscode-webview://abc'] };

test.each([
  undefined,
  'https://app.example',
  'vscode-webview://abc',
  'http://127.0.0.1:8080',
  'https://127.0.0.1:8080',
])('A13 Origin %s passes', origin => {
  expect(codeOf(() => checkOrigin(origin, '127.0.0.1:8080', origins))).toBe('passes');
});

test.each([
  'null',
  '',
  '*',
  'https://evil.example',
  'http://app.example',
  'https://app.example:444',
  'https://app.example/',
  'https://app.example.evil.example',
  'https://x.app.example',
  'https://app.example, https://evil.example',
  'http://127.0.0.1',
  'http://127.0.0.1:3000',
  'http://localhost:8080',
  '127.0.0.1:8080',
  'file://',
  'ftp://127.0.0.1:8080',
])('A11 Origin %j is refused', origin => {
  expect(codeOf(() => checkOrigin(origin, '127.0.0.1:8080', origins))).toBe('origin_not_allowed');
});

test('A11 without a Host there is no same origin', () => {
  expect(codeOf(() => checkOrigin('http://', '', wide))).toBe('origin_not_allowed');
});

test('A23 the refusal does not repeat what was sent', () => {
  expect(() => checkHost(['canary.example'], local)).toThrow(/^(?!.*canary)/);
  expect(() => checkOrigin('https://canary.example', 'localhost', local)).toThrow(/^(?!.*canary)/);
});
