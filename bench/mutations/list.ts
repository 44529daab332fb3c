// Lines whose breaking some test must find (P14). `from` stands in its file once: a test holds the list to the code.
export interface Mutation {
  readonly breaks: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The tests that are to fall. */
  readonly tests: readonly string[];
}

export const mutations: readonly Mutation[] = [
  {
    breaks: 'the end goes out before the turn is stored (I3)',
    file: 'src/turn/run-turn.ts',
    from: 'if (isEnd) await this.#commit(attempt.collector);',
    to: 'if (isEnd) void this.#commit(attempt.collector).catch(() => {});',
    tests: ['test/faults/c-crowds.test.ts'],
  },
  {
    breaks: 'a session in conflict is answered as stored (I4)',
    file: 'src/turn/run-turn.ts',
    from: "if (appended.status === 'conflict') {",
    to: "if (appended.status === 'missing') {",
    tests: ['test/faults/sessions.test.ts'],
  },
  {
    breaks: 'a stream that failed ends cleanly (I6)',
    file: 'src/http/sse-writer.ts',
    from: '() => this.#raw.destroy());\n    // A client that does not read',
    to: '() => this.#raw.end());\n    // A client that does not read',
    tests: ['test/faults/u-stream.test.ts'],
  },
  {
    breaks: 'a reader that stops is not waited for (C4)',
    file: 'src/http/sse-writer.ts',
    from: 'return this.#raw.write(frames) ? undefined : this.#drained();',
    to: 'this.#raw.write(frames);\n    return undefined;',
    tests: ['test/faults/c-disconnect.test.ts'],
  },
  {
    breaks: 'memory takes a turn with the wrong version (R4)',
    file: 'src/store/memory-store.ts',
    from: '(before?.version ?? 0) !== expectedVersion',
    to: '(before?.version ?? 0) < expectedVersion',
    tests: ['test/contract/memory-store.test.ts'],
  },
  {
    breaks: 'a cut outlives its reason (XD1)',
    file: 'src/turn/fit-prompt.ts',
    from: 'if (whole <= (former ? budget * targetShare : budget))',
    to: 'if (!former && whole <= budget)',
    tests: ['test/context/cuts.test.ts'],
  },
  {
    breaks: 'a cut is used by every model (XD1)',
    file: 'src/conversation/remembered-cuts.ts',
    from: 'cuts.filter(one => one.model === model)',
    to: 'cuts.filter(one => one.model !== undefined)',
    tests: ['test/context/cuts.test.ts', 'src/conversation/remembered-cuts.test.ts'],
  },
  {
    breaks: 'any result that opens with the tag is what the user said (XD2)',
    file: 'src/conversation/truncate.ts',
    from: 'return wordsInResults && resultText(message)',
    to: 'return resultText(message)',
    tests: ['test/context/cuts.test.ts'],
  },
  {
    breaks: 'the newest images give way instead of the oldest (XB3)',
    file: 'src/conversation/fit-images.ts',
    from: 'const oldest = held.shift();',
    to: 'const oldest = held.pop();',
    tests: ['test/context/images.test.ts'],
  },
  {
    breaks: 'silence in a stream is never over (U9)',
    file: 'src/turn/deadline.ts',
    from: '? setTimeout(() => this.#stall(), this.#limits.idleTimeoutMs)',
    to: '? setTimeout(() => {}, this.#limits.idleTimeoutMs)',
    tests: ['test/faults/u-silence.test.ts'],
  },
  {
    breaks: 'an answer that broke off is complete (I6)',
    file: 'src/cohere/read-stream.ts',
    from: "throw new ProxyError('upstream_interrupted', 'The answer from Cohere broke off before its end.');",
    to: 'this.#ended = true;',
    tests: ['test/faults/u-connection.test.ts'],
  },
  {
    breaks: 'a wrong key is somebody (A4)',
    file: 'src/http/key-ring.ts',
    from: 'if (timingSafeEqual(given, digest)) found = name;',
    to: 'if (timingSafeEqual(given, digest) || !found) found = name;',
    tests: ['test/security/keys.test.ts', 'test/security/isolation.test.ts'],
  },
];
