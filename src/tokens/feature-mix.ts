// Which features of a request leave a mark in the prompt: what is learned for one mix says nothing about another.
import type { HistoryFacts, PromptOptions } from './count-overhead.ts';

export interface MixFacts extends HistoryFacts {
  readonly images: boolean;
  /** Counted without the vocabulary. */
  readonly estimated: boolean;
}

/** A short name, e.g. `tools calls developer`; `plain` where there is nothing. Order and wording are stable. */
export function featureMix(options: PromptOptions, facts: MixFacts): string {
  const { tools, documents, response_format, thinking, tool_choice, citation_options, safety_mode } = options;
  const mode = citation_options?.mode;
  const marks: (string | false | undefined)[] = [
    tools !== undefined && tools.length > 0 && 'tools',
    facts.calls && 'calls',
    documents !== undefined && documents.length > 0 && 'documents',
    response_format && (response_format.json_schema ? 'schema' : 'json'),
    thinking && `thinking-${thinking.type}`,
    tool_choice && `choice-${tool_choice.toLowerCase()}`,
    typeof mode === 'string' && /^(off|disabled|none)$/i.test(mode) && 'uncited',
    safety_mode !== undefined && safety_mode !== 'CONTEXTUAL' && `safety-${safety_mode.toLowerCase()}`,
    facts.developerText && 'developer',
    facts.images && 'images',
    facts.estimated && 'estimated',
  ];
  return marks.filter(mark => typeof mark === 'string').join(' ') || 'plain';
}
