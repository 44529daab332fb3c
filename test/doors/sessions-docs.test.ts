// What docs/sessions.md shows is what happens.
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';

const page = readFileSync(new URL('../../docs/sessions.md', import.meta.url), 'utf8');

/** The answer stands right below the last of some commands. */
function shown(): { readonly command: string; readonly answer: string | undefined }[] {
  const blocks = page.matchAll(/```sh\n(curl[\s\S]*?)```\n(?:```json\n([\s\S]*?)```)?/g);
  return [...blocks].flatMap(([, commands = '', answer]) => {
    const all = commands.split(/\n(?=curl )/);
    return all.map((command, index) => ({ command, answer: index === all.length - 1 ? answer : undefined }));
  });
}

/** Times differ. */
function anyTime(key: string, value: unknown): unknown {
  return key.endsWith('_at') && value !== null ? expect.any(Number) : value;
}

test('every command, and the answer below it', async () => {
  const server = new CohereProxyServer({
    offline: true,
    port: 0,
    sessionStore: 'memory:',
    logLevel: 'silent',
  });
  onTestFinished(() => server.close());
  const { url } = await server.listen();
  expect(shown().length).toBeGreaterThanOrEqual(9);
  for (const { command, answer } of shown()) {
    const path = /http:\/\/127\.0\.0\.1:8080([^\s']*)/.exec(command)?.[1] ?? '';
    const body = /-d '([^']*)'/.exec(command)?.[1];
    const type = /Content-Type: ([^']*)/.exec(command)?.[1];
    const response = await fetch(url + path, {
      method: /-X (\w+)/.exec(command)?.[1] ?? (body ? 'POST' : 'GET'),
      ...(body && type ? { body, headers: { 'content-type': type } } : {}),
    });
    const text = await response.text();
    expect(response.status, `${command}\n${text}`).toBe(200);
    if (answer) expect(JSON.parse(text), command).toMatchObject(JSON.parse(answer, anyTime));
  }
});
