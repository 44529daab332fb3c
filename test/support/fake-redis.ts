// A server that says what a test wants it to say, in Redis's protocol.
import { createServer, type Server, type Socket } from 'node:net';

/** What is sent back, as it goes over the wire; nothing where there is to be no answer. */
export type FakeAnswer = (args: readonly string[]) => string | undefined;

export const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
export const list = (...items: readonly string[]) => `*${items.length}\r\n${items.join('')}`;

const info = 'redis_version:7.0.15\r\nrole:master\r\nmaster_replid:0123456789abcdef\r\naof_enabled:1\r\n';

export class FakeRedis {
  /** All that was asked, without what begins a connection. */
  readonly asked: (readonly string[])[] = [];
  answer: FakeAnswer = () => '-ERR nothing is answered yet\r\n';
  info = info;
  readonly #server: Server = createServer(socket => this.#accept(socket));
  readonly #open = new Set<Socket>();

  static async start(): Promise<FakeRedis> {
    const fake = new FakeRedis();
    await new Promise<void>(resolve => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#open.delete(socket));
    let waiting = '';
    socket.setEncoding('latin1').on('data', piece => {
      waiting += piece;
      for (let read = readCommand(waiting); read; read = readCommand(waiting)) {
        waiting = waiting.slice(read.length);
        const answer = this.#answerTo(read.args);
        if (answer !== undefined) socket.write(answer);
      }
    });
  }

  #answerTo(args: readonly string[]): string | undefined {
    const [name = ''] = args;
    if (name === 'INFO') return bulk(this.info);
    if (name === 'CONFIG') return list(bulk('save'), bulk('3600 1'));
    if (name === 'GET' && args[1]?.endsWith(':format')) return '$-1\r\n';
    if (name === 'PING') return bulk(args[1] ?? '');
    this.asked.push(args);
    return this.answer(args);
  }
}

function readCommand(text: string): { readonly args: string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  const args: string[] = [];
  let at = head[0].length;
  for (let count = Number(head[1]); count > 0; count -= 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (!size) return undefined;
    const start = at + size[0].length;
    const end = start + Number(size[1]);
    if (text.length < end + 2) return undefined;
    args.push(text.slice(start, end));
    at = end + 2;
  }
  return { args, length: at };
}
