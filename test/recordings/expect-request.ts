// What reached Cohere: allowed by its description, and with the meaning that the recorded request had.
import { expect } from 'vitest';
import { cohereComplaints } from '../support/cohere-schema.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import type { Recording } from '../support/reference.ts';

interface SentBody {
  readonly stream?: boolean;
  readonly messages?: readonly SentMessage[];
  readonly [field: string]: unknown;
}

interface SentMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
}

export function expectAllowed(sent: UpstreamRequest, stream: boolean): void {
  expect(cohereComplaints(sent.json)).toEqual([]);
  expect((sent.json as SentBody).stream ?? false).toBe(stream);
  expect(sent.headers).toMatchObject({
    authorization: 'Bearer test-key',
    'content-type': 'application/json',
    'accept-encoding': 'identity',
  });
}

export function expectSameMeaning(sent: UpstreamRequest, { request }: Recording): void {
  if (!request.body) return;
  const recorded = request.body as SentBody;
  const body = sent.json as SentBody;
  for (const [field, value] of Object.entries(recorded)) {
    if (field === 'messages' || field === 'stream') continue;
    expect(body[field], field).toEqual(field === 'response_format' ? withSchemaKey(value) : value);
  }
  expect(body.messages?.map(outline)).toEqual(recorded.messages?.map(outline));
}

/** Roles, call ids, and the content of all but tool results, whose form is free. */
function outline({ role, content, tool_calls }: SentMessage) {
  const calls = tool_calls?.map(call => call.id) ?? [];
  return role === 'tool' ? { role } : { role, calls, content: plain(content) };
}

function plain(content: unknown): unknown {
  const [part] = Array.isArray(content) && content.length === 1 ? content : [];
  return part?.type === 'text' ? part.text : (content ?? undefined);
}

/** An older name of the field, which is in no description. */
function withSchemaKey(format: unknown): unknown {
  const { schema, ...rest } = format as { readonly schema?: unknown };
  return schema === undefined ? rest : { ...rest, json_schema: schema };
}
