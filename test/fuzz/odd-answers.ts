// What Cohere might answer, by chance: well, nearly well, garbled, cut off, too late, or at once with its end.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { fixture, fixtureNames } from '../support/fixtures.ts';
import { Gate } from '../support/gate.ts';
import { modelList } from '../support/model-list.ts';
import {
  bytes,
  chunk,
  end,
  error,
  type Framing,
  fin,
  gate,
  head,
  json,
  rst,
  type Step,
} from '../support/upstream-script.ts';
import { below, chance, garble, pick, type Random, spoil } from './garble.ts';

const streams = fixtureNames('sse').map(name => fixture(`${name}.sse`));
const wholes: readonly unknown[] = fixtureNames('json').map(name => JSON.parse(fixture(`${name}.json`)));
const errors = [
  ...['400-too-many-tokens', '401-invalid-token', '404-model-not-found', '422-invalid-tool-generation']
    .concat('422-unknown-field', '429-per-minute', '429-per-month')
    .map(name => fixture(`errors/${name}.json`)),
  ...[fixture('errors/503.html'), '', 'null', '[]', '{}', '{"message":null}', '{"message":{}}', '"', '0'],
];
const statuses = [
  200, 204, 301, 304, 400, 401, 402, 403, 404, 408, 413, 422, 429, 498, 499, 500, 501, 502, 503, 504, 529,
];
const types = ['text/event-stream', 'application/json', 'text/html', 'application/x-ndjson', ''];

export function oddAnswer(random: Random, request: UpstreamRequest): readonly Step[] {
  const isStream = Object(request.json).stream === true;
  if (chance(random, 0.35)) return goodSteps(random, isStream);
  if (chance(random, 0.25)) return oddError(random);
  if (chance(random, 0.15)) return oddEnd(random);
  return oddBody(random, chance(random, 0.9) ? isStream : !isStream);
}

export function oddModels(random: Random): readonly Step[] {
  if (chance(random, 0.3)) return oddError(random);
  if (chance(random, 0.3)) return oddEnd(random);
  const text = JSON.stringify(chance(random, 0.5) ? spoil(random, modelList) : modelList);
  return json(chance(random, 0.3) ? garble(random, Buffer.from(text)).toString('latin1') : text);
}

export function oddKey(random: Random): readonly Step[] {
  if (chance(random, 0.6)) return json({ valid: true });
  return chance(random, 0.5) ? oddError(random) : json(spoil(random, { valid: true, organization_id: 'o' }));
}

function goodSteps(random: Random, isStream: boolean): readonly Step[] {
  if (!isStream) return json(pick(random, wholes));
  const text = pick(random, streams);
  return [head(), ...cut(random, Buffer.from(text)), end()];
}

function oddError(random: Random): readonly Step[] {
  const text = Buffer.from(pick(random, errors));
  const body = chance(random, 0.4) ? garble(random, text) : text;
  const headers = chance(random, 0.3)
    ? {
        'retry-after': pick(random, [
          '1',
          '-1',
          '0.5',
          'soon',
          '99999999999',
          'Wed, 21 Oct 2065 07:28:00 GMT',
          '',
        ]),
      }
    : {};
  return error(pick(random, statuses), body.toString('latin1'), headers, pick(random, types));
}

/** No head, or half of one, or what is no HTTP. */
function oddEnd(random: Random): readonly Step[] {
  const text = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  );
  const said = garble(random, text);
  return [
    ...(chance(random, 0.5) ? [bytes(said)] : []),
    ...(chance(random, 0.3) ? [pause(random)] : []),
    pick(random, [fin(), rst(), fin(said)]),
  ];
}

function oddBody(random: Random, isStream: boolean): readonly Step[] {
  const good = isStream ? pick(random, streams) : JSON.stringify(pick(random, wholes));
  const nearly = isStream ? spoilEvents(random, good) : JSON.stringify(spoil(random, JSON.parse(good)));
  const text = Buffer.from(chance(random, 0.5) ? nearly : good);
  const body = chance(random, 0.5) ? garble(random, text) : text;
  const framing: Framing = pick(random, [
    'chunked',
    'close',
    body.length,
    body.length + below(random, 9) - 4,
  ]);
  const type = chance(random, 0.85)
    ? isStream
      ? 'text/event-stream'
      : 'application/json'
    : pick(random, types);
  const headers = {
    'content-type': type,
    ...(chance(random, 0.05) ? { 'content-encoding': pick(random, ['gzip', 'identity', 'br']) } : {}),
  };
  const length = Math.max(0, Number(framing) || 0);
  // Head and body in one write, and with the end.
  if (chance(random, 0.2)) {
    const top = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;
    return [
      pick(random, [bytes, fin])(Buffer.concat([Buffer.from(top), body])),
      pick(random, [fin(), rst(), end()]),
    ];
  }
  const steps = [head(200, headers, typeof framing === 'number' ? length : framing), ...cut(random, body)];
  if (chance(random, 0.3)) steps.splice(1 + below(random, steps.length), 0, pause(random));
  // Of a length that is never reached nothing else would be the end.
  const ends = length > body.length ? [fin(), rst()] : [end(), end(), fin(), rst(), fin('0\r\n\r\n')];
  return [...steps, pick(random, ends)];
}

function spoilEvents(random: Random, sse: string): string {
  const share = random() * 0.5;
  return sse
    .split(/(?<=\n\n)/)
    .map(event => {
      const data = /data: (?<data>\{.*\})\n/.exec(event)?.groups?.data;
      if (data === undefined || !chance(random, share)) return event;
      return pick(random, [
        '',
        event + event,
        event.replace(data, JSON.stringify(spoil(random, JSON.parse(data)))),
      ]);
    })
    .join('');
}

function cut(random: Random, body: Buffer): Step[] {
  const splitAt = Array.from({ length: below(random, 6) }, () => below(random, body.length + 1));
  return [chunk(body, { splitAt })];
}

/** Not for a time, which a busy machine would make longer: for some turns of the event loop. */
function pause(random: Random): Step {
  const place = new Gate();
  const wait = async () => {
    await place.reached;
    for (let turns = below(random, 300); turns > 0; turns -= 1) await nextTurn();
    place.open();
  };
  void wait();
  return gate(place);
}
