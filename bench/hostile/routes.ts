// The routes that take a body, each with its schema and a request that is answered.
import type { z } from 'zod';
import { chatBody } from '../../src/openai-chat/wire.ts';
import { forkBody } from '../../src/sessions/fork-session.ts';
import { exportLine, openAILine } from '../../src/sessions/read-export.ts';
import { changeBody } from '../../src/sessions/routes.ts';

export interface Body {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly schema: z.ZodType;
  readonly example: object;
}

const json = { method: 'POST', contentType: 'application/json' };
const lines = { method: 'POST', contentType: 'application/jsonl', path: '/v1/session-imports' };
const user = { role: 'user', content: 'Hello' };
const model = 'command-a-03-2025';

/** There when the cases are sent. */
export const namedSession = 'hostile';

export const bodies: readonly Body[] = [
  {
    ...json,
    name: 'chat',
    path: '/v1/chat/completions',
    schema: chatBody,
    example: { model, messages: [user], tools: [{ type: 'function', function: { name: 'look' } }] },
  },
  {
    ...json,
    name: 'fork',
    path: `/v1/sessions/${namedSession}/fork`,
    schema: forkBody,
    example: {},
  },
  {
    ...json,
    name: 'change',
    path: `/v1/sessions/${namedSession}`,
    schema: changeBody,
    example: {},
  },
  {
    ...lines,
    name: 'import',
    schema: exportLine,
    example: {
      object: 'session.export',
      format: 1,
      id: 'imported',
      model,
      dialect: 'session',
      tools: [],
      messages: [user],
    },
  },
  { ...lines, name: 'import openai', schema: openAILine, example: { messages: [user] } },
];
