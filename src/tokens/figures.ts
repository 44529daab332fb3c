// Every figure of the prompt accounting, each with where it comes from. Tokens of the Command vocabulary.
//
// Sources: "documented layout" is a count over the template that Cohere publishes (`cohere-ai/melody`; for the
// older models the chat templates in the tokenizer package's configuration), whose fixed texts are not kept here.
// A recording is named by its id in the reference folder. "Margin" is what nobody has seen: it is chosen too high.

/** What a prompt of the generation of r7b, command-a, vision and reasoning is made of. */
export const cmd3 = {
  /** Start of turn, role, end of turn. Documented layout; `chat-plain--multi-turn-long-answer-r7b`. */
  turn: 3,
  /** Start and end of the response, of thinking, of an action or of a tool result: a token each. Same source. */
  pair: 2,
  /** Start of turn and role of the answer. Documented layout. */
  opening: 2,
  /** From begin-of-text to the end of the system turn, without any option. 495 less a user turn and the opening;
   *  documented layout; `sampling--p-command-a`, `image--url`. */
  preamble: 490,
  /** A preamble of its own, with thinking on. Documented layout; `thinking--reasoning-then-tool-call`. */
  reasoningPreamble: 606,
  /** `safety_mode` STRICT in the place of CONTEXTUAL; OFF leaves the text out. Documented layout. */
  strictSafety: 7,
  noSafety: -62,
  /** Heading of the developer's text; the text stands in no turn of its own. Documented layout;
   *  `usage--cached-tokens-r7b`. */
  developerHeading: 34,
  /** The tool section without any tool in its list. Documented layout; `multi-step--magic-agent-command-a--step1`. */
  toolSection: 880,
  /** The same where citations are switched off. Documented layout. */
  toolSectionUncited: 696,
  /** The same with thinking on (shorter), and with thinking switched off. Documented layout;
   *  `thinking--reasoning-then-tool-call`. */
  reasoningToolSection: 774,
  reasoningToolSectionUncited: 590,
  skippedThinkingToolSection: 620,
  skippedThinkingToolSectionUncited: 440,
  /** An empty list is a token longer than the frame of a full one. Documented layout. */
  emptyToolList: 1,
  /** The tool that stands for the documents, as one line of the list. Documented layout;
   *  `citations-documents--large-summary-command-a`. */
  documentTool: 172,
  /** The injected call of that tool, with its fixed thought and without. Same source. */
  documentCall: 51,
  documentCallUnthought: 37,
  /** Around the results of a group of tool messages: turn, start and end of the result, the list's brackets.
   *  Documented layout; `multi-step--react-agent-command-a--step5`. */
  resultFrame: 8,
  /** JSON mode without and with a developer's text (the heading is there already). Documented layout, whose editions
   *  differ by a token in the first. */
  jsonMode: 65,
  jsonModeWithDeveloperText: 31,
  /** Sentence before the schema. Documented layout. */
  schemaHeading: 12,
  /** `tool_choice` REQUIRED opens the answer with a canned plan and the start of the action.
   *  `tool-choice--required-r7b`, `tool-choice--required-matrix-r7b`. */
  toolChoiceRequired: 18,
  /** NONE opens it with the start of the response. `tool-choice--none-r7b`. */
  toolChoiceNone: 1,
  /** A placeholder; the picture itself is in `image_tokens`. `image--url`, `image--base64`. */
  image: 1,
} as const;

/** command-a-plus and its like. No trustworthy recording: documented layout and a margin. */
export const cmd4 = {
  // Turns, calls, results and placeholders of images are those of cmd3.
  /** Start and end of text. Documented layout. */
  pair: 2,
  opening: 2,
  /** `opening`, and the start of thinking; its end as well where thinking is off. Documented layout. */
  openingThinking: 1,
  openingUnthinking: 2,
  /** From begin-of-text to the end of the first system turn, with the frame of the tool list. Documented layout. */
  preamble: 18,
  emptyToolList: 1,
  /** With tools or documents, unless citations are off. Documented layout. */
  grounding: 173,
  documentTool: 172,
  documentCall: 51,
  jsonMode: 32,
  schemaHeading: 11,
  /** Whether and how the model takes `tool_choice` is contradictory; the larger figure of cmd3. Margin. */
  toolChoiceRequired: 18,
  toolChoiceNone: 2,
} as const;

/** command-r, command-r-plus and their 08-2024 editions: turns of plain text, tools as Python signatures. */
export const commandR = {
  turn: 3,
  opening: 2,
  /** Begin-of-text, and the system turn's frame. Documented layout. */
  frame: 4,
  /** Default preamble of command-r. `chat-plain--pickle-rick-command-r-1`: 66 around one message. */
  preamble: 57,
  /** The same of the model `command`. `chat-plain--joke-legacy-command`: 62 around one message. */
  olderPreamble: 53,
  /** The same of the 08-2024 editions. `chat-plain--summary-matterhorn-command-r-08-1`: 200 around one message. */
  preamble082024: 191,
  /** Everything but the developer's text, the tools and the turns, in a prompt with tools.
   *  `tool-call--two-tools-one-called`, `multi-step-stream--magic-agent-r-plus--step1`,
   *  `multi-step-stream--two-csv-files--step1` (three models, one figure). */
  toolSection: 710,
  /** Calls in the history and no tools: the section is there, without a list. `multi-step--tool-result-string-content`. */
  emptyToolList: -2,
  /** Default task and style text, in the place of the developer's. Same recordings. */
  taskPreamble: 133,
  /** Between two tools. Documented layout; `tool-call--two-tools-one-called`. */
  betweenTools: 2,
  /** Around the results of a group of tool messages: turn, `<results>` … `</results>`. Documented layout;
   *  `multi-step-stream--magic-agent-r-plus--step2`. */
  resultFrame: 11,
  /** A blank line. Same sources. */
  betweenResults: 2,
  /** Beside what the template shows, each result cost so much, whatever it held. Nine results in six recordings,
   *  among them `multi-step-stream--two-csv-files--step6`. */
  perResult: 8,
  /** With documents and without tools: everything but text, turns and documents.
   *  `citations-documents--one-document`, the only one. */
  documentSection: 518,
  /** The schema was not shown to the model. `json--schema-key-command-r`, the only one. */
  jsonMode: 11,
} as const;

/** A citation in the history may be written into the text, as the template does: `<co>…</co: 0:[0]>`. Margin. */
export const perCitation = 12;

/** Where the family is only the nearest one known: a share of every message, and a constant. Margins. */
export const margins = {
  none: { constant: 0, share: 0 },
  /** The same generation, never recorded. */
  sibling: { constant: 16, share: 0 },
  /** Covers the one example there is, in Cohere's OpenAPI file (`citations-documents-stream--boy-bands-spec-example`,
   *  written by hand). */
  cmd4: { constant: 480, share: 0.02 },
  unknown: { constant: 128, share: 0.03 },
} as const;

/** Tokens of images (`usage.tokens.image_tokens`): a tile is 256 (Cohere's documentation), and three more came with
 *  each small picture. `image--url`, `image--base64`, `image-stream--url`. */
export const images = {
  tile: 256,
  frame: 3,
  tileSide: 512,
  maxWidth: 1536,
  maxHeight: 2048,
  highFrom: 768,
} as const;
