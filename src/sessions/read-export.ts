// A line of an export → a session to be stored; or a line of plain messages in OpenAI's form. Strict: what is not
// understood would be lost.
import { z } from 'zod';
import type { JsonObject, Message, SystemMessage } from '../conversation/message.ts';
import { isSessionId, type Session, type Space } from '../conversation/session.ts';
import { splitLeadingSystem } from '../conversation/transcript.ts';
import { checkWritten, type Written, type WrittenLimits } from '../streams/check-written.ts';
import { inSlices } from '../streams/slices.ts';
import { listOf } from './list-of.ts';
import { expiresAfter, labelField, readFields, userField } from './read-fields.ts';

/** A session that was brought from elsewhere. */
export interface BroughtSession
  extends Pick<Session, 'model' | 'dialect' | 'label' | 'parentId' | 'tools' | 'idleMs'> {
  readonly user: string | undefined;
  /** Absent: one is made. */
  readonly id: string | undefined;
  /** Where it has a parent. */
  readonly rootId: string | undefined;
  readonly system: readonly SystemMessage[];
  readonly messages: readonly Message[];
}

export interface ReadExportOptions {
  /** Messages in OpenAI's form. */
  readonly readMessages: (messages: readonly unknown[], space: Space) => Promise<readonly Message[]>;
  /** Of a conversation that names none. */
  readonly defaultModel: string;
}

const object = z.custom<JsonObject>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
const id = z
  .string()
  .refine(isSessionId, { error: 'expected 1 to 128 letters, numbers, underscores or dashes' });
const name = z.string().min(1).max(256);

const text = z.strictObject({ type: z.literal('text'), text: z.string() });
const reasoning = z.strictObject({ type: z.literal('reasoning'), text: z.string() });
const image = z.strictObject({
  type: z.literal('image'),
  url: z.string().regex(/^(?:https?:\/\/|data:image\/)/i, 'expected an http(s) or data URL of an image'),
  detail: z.enum(['auto', 'low', 'high']).exactOptional(),
});
const document = z.strictObject({
  type: z.literal('document'),
  data: z.union([z.string(), object]),
  id: z.string().exactOptional(),
});
const call = z.strictObject({
  id: z.string(),
  nativeId: z.string().exactOptional(),
  name: z.string(),
  arguments: z.string(),
});
const citation = z.strictObject({
  start: z.int(),
  end: z.int(),
  text: z.string(),
  sources: listOf(object),
  type: z.string().exactOptional(),
  contentIndex: z.int().exactOptional(),
});

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.union([z.string(), listOf(text)]) }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string(), listOf(z.discriminatedUnion('type', [text, image]))]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([z.string(), listOf(z.discriminatedUnion('type', [text, reasoning]))]).exactOptional(),
    toolPlan: z.string().exactOptional(),
    toolCalls: listOf(call).exactOptional(),
    cutCalls: listOf(z.string()).exactOptional(),
    citations: listOf(citation).exactOptional(),
    origin: z.enum(['reply', 'client']).exactOptional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    toolCallId: z.string(),
    content: z.union([z.string(), listOf(z.discriminatedUnion('type', [text, image, document]))]),
  }),
]) satisfies z.ZodType<Message>;

const tool = z.strictObject({
  name,
  description: z.string().exactOptional(),
  parameters: object.exactOptional(),
});

export const exportLine = z.strictObject({
  object: z.literal('session.export'),
  format: z.literal(1),
  id,
  user: userField.nullish(),
  label: labelField.nullish(),
  parent_id: id.nullish(),
  root_id: id.nullish(),
  model: name,
  dialect: z.enum(['session', 'transcript']),
  expires_after: expiresAfter.nullish(),
  tools: listOf(tool),
  messages: listOf(message).refine(list => list.length > 0, { error: 'expected at least one message' }),
  // What it was; it begins anew.
  version: z.number().optional(),
  created_at: z.number().optional(),
  updated_at: z.number().optional(),
});

export const openAILine = z.strictObject({
  session_id: id.nullish(),
  user: userField.nullish(),
  label: labelField.nullish(),
  model: name.nullish(),
  messages: z.array(z.unknown()).min(1),
});

/** @throws ProxyError 400 naming the field at fault */
export async function readBrought(
  line: unknown,
  owner: string,
  options: ReadExportOptions & WrittenLimits,
): Promise<BroughtSession> {
  return (Object(line) as { object?: unknown }).object === undefined
    ? readOpenAI(line, owner, options)
    : readExport(line, options);
}

async function readExport(line: unknown, limits: WrittenLimits): Promise<BroughtSession> {
  const fields = readFields(exportLine, line);
  await inSlices(checkWritten([...argumentsIn(fields.messages)], limits));
  const { system, rest } = splitLeadingSystem(fields.messages);
  return {
    id: fields.id,
    // The empty name is nobody's, as it is in lists.
    user: fields.user || undefined,
    label: fields.label ?? undefined,
    parentId: fields.parent_id ?? undefined,
    rootId: fields.root_id ?? undefined,
    model: fields.model,
    dialect: fields.dialect,
    idleMs: fields.expires_after ? fields.expires_after.seconds * 1000 : undefined,
    tools: fields.tools,
    system,
    messages: rest,
  };
}

function* argumentsIn(messages: readonly Message[]): Generator<Written> {
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    for (const [place, call] of (message.toolCalls ?? []).entries())
      yield { text: call.arguments, param: `messages[${index}].toolCalls[${place}].arguments` };
  }
}

async function readOpenAI(
  line: unknown,
  owner: string,
  { readMessages, defaultModel }: ReadExportOptions,
): Promise<BroughtSession> {
  const fields = readFields(openAILine, line);
  const user = fields.user || undefined;
  const { system, rest } = splitLeadingSystem(await readMessages(fields.messages, { owner, user }));
  return {
    id: fields.session_id ?? undefined,
    user,
    label: fields.label ?? undefined,
    parentId: undefined,
    rootId: undefined,
    model: fields.model ?? defaultModel,
    dialect: 'transcript',
    idleMs: undefined,
    tools: [],
    system,
    messages: rest,
  };
}
