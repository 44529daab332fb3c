// What a person sees after the start: where to send requests, whose key pays, and two commands to try it with.
import type { Config } from './config.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export interface Started {
  readonly url: string;
  readonly version: string;
  /** What Cohere says of the proxy's own key. */
  readonly cohereKey: 'accepted' | 'refused' | 'unchecked';
}

export function banner(config: Config, { url, version, cohereKey }: Started): string {
  const { model, sessionStore } = config;
  // Bound to every address, it has no address of its own to show.
  const baseUrl = `${url.replace(/\/\/(0\.0\.0\.0|\[::\])/, '//localhost')}/v1`;
  const auth = keyToSend(config);
  const header = auth === undefined ? '' : ` -H 'Authorization: Bearer ${auth}'`;
  const curl = (body: string) =>
    `curl ${baseUrl}/chat/completions -H 'Content-Type: application/json'${header} -d '${body}'`;

  return [
    `cohere-proxy ${version}`,
    '',
    `  Address   ${baseUrl}`,
    `  Key       ${keyInUse(config)}`,
    ...(cohereKey === 'refused'
      ? ['            which Cohere REFUSES: every turn will fail until it is another one']
      : []),
    `  Sessions  ${whereSessionsLive(config)}`,
    '',
    ...(sessionStore === 'none' ? [] : trial(curl)),
    '  In Roo Code, Zoo Code and others like them:',
    '    API Provider  OpenAI Compatible',
    `    Base URL      ${baseUrl}`,
    `    API Key       ${auth ?? 'anything'}`,
    `    Model         ${model}`,
    '',
    '',
  ].join('\n');
}

function whereSessionsLive({ store, limits }: Config): string {
  if (store.kind === 'none') return 'none: only whole transcripts are answered';
  const idle = `until ${spell(limits.sessionIdleMs)} after the last turn`;
  if (store.kind === 'memory') return `in memory, ${idle} or the end of the process`;
  if (store.kind === 'redis') return `in Redis, ${idle}`;
  return `in ${store.path}, ${idle}`;
}

function spell(ms: number): string {
  const [size, unit] = ms % dayMs === 0 ? [dayMs, 'day'] : [minuteMs, 'minute'];
  const count = ms / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function trial(curl: (body: string) => string): string[] {
  return [
    '  Try it:',
    `    ${curl('{"message": "My name is Ada."}')}`,
    '  and again with the sessionId of the answer:',
    `    ${curl('{"sessionId": "sess_…", "message": "What is my name?"}')}`,
    '',
  ];
}

function keyInUse({ ownerMode, offline }: Config): string {
  const own = offline ? 'none: the built-in simulator answers' : 'the COHERE_API_KEY of the proxy';
  if (ownerMode === 'keys') return `${own}, for whoever has a proxy key`;
  if (ownerMode === 'local') return `${own}, for everyone on this machine`;
  return "each client's own Cohere key, passed on and not kept";
}

function keyToSend({ ownerMode }: Config): string | undefined {
  if (ownerMode === 'keys') return '<proxy key>';
  return ownerMode === 'passthrough' ? '<Cohere key>' : undefined;
}
