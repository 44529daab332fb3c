// A tool as the command-r generation reads it: a Python function without a body (documented layout: the
// `tool_use` template of the tokenizer package; exact in `tool-call--two-tools-one-called` and six more).
import type { CohereTool } from '../cohere/wire.ts';

/** JSON Schema's names and Python's. Seen: names that are Python's already stay; the rest costs the same. */
const pythonTypes: ReadonlyMap<string, string> = new Map([
  ['string', 'str'],
  ['integer', 'int'],
  ['number', 'float'],
  ['boolean', 'bool'],
  ['array', 'List'],
  ['object', 'Dict'],
]);

export function pythonSignature(tool: CohereTool): string {
  const { name, description, parameters } = tool.function;
  const required = new Set(listOf(parameters?.required));
  const args = Object.entries(recordOf(parameters?.properties)).map(([key, value]) => {
    const schema = recordOf(value);
    const type = pythonType(schema.type);
    const isRequired = required.has(key);
    return {
      declared: isRequired ? `${key}: ${type}` : `${key}: Optional[${type}] = None`,
      described: `${key} (${isRequired ? type : `Optional[${type}]`}): ${textOf(schema.description)}`,
    };
  });
  const described =
    args.length === 0 ? '' : `\n\n    Args:\n        ${args.map(arg => arg.described).join('\n        ')}`;
  const declared = args.map(arg => arg.declared).join(', ');
  return `\`\`\`python\ndef ${name}(${declared}) -> List[Dict]:\n    """${description ?? ''}${described}\n    """\n    pass\n\`\`\``;
}

function pythonType(type: unknown): string {
  if (typeof type === 'string') return pythonTypes.get(type) ?? type;
  return Array.isArray(type) ? type.map(pythonType).join(' | ') : 'object';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
