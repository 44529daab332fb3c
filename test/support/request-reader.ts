// The server side of HTTP/1.1, as little of it as a fake upstream needs: requests one after another, with a body
// by Content-Length or in chunks.

export interface ReadRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; of a repeated name the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Head = Omit<ReadRequest, 'body'>;

export class RequestReader {
  #buffer: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  /** Pieces of a body with a known length; joined once, since bodies may be large. */
  #parts: Buffer[] = [];
  #missing = 0;
  #chunks: Buffer[] = [];

  /** The requests that are complete now. */
  push(data: Buffer): ReadRequest[] {
    const requests: ReadRequest[] = [];
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    for (let request = this.#next(); request; request = this.#next()) requests.push(request);
    return requests;
  }

  #next(): ReadRequest | undefined {
    if (!this.#head) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      this.#head = readHead(this.#buffer.toString('latin1', 0, end));
      this.#buffer = this.#buffer.subarray(end + 4);
      this.#missing = Number(this.#head.headers['content-length'] ?? 0);
    }
    const isChunked = this.#head.headers['transfer-encoding'] === 'chunked';
    const body = isChunked ? this.#chunkedBody() : this.#sizedBody();
    if (!body) return undefined;
    const request = { ...this.#head, body };
    this.#head = undefined;
    return request;
  }

  #sizedBody(): Buffer | undefined {
    const part = this.#buffer.subarray(0, this.#missing);
    this.#buffer = this.#buffer.subarray(part.length);
    this.#missing -= part.length;
    this.#parts.push(part);
    if (this.#missing > 0) return undefined;
    const body = Buffer.concat(this.#parts);
    this.#parts = [];
    return body;
  }

  #chunkedBody(): Buffer | undefined {
    for (;;) {
      const lineEnd = this.#buffer.indexOf('\r\n');
      if (lineEnd < 0) return undefined;
      const size = Number.parseInt(this.#buffer.toString('latin1', 0, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (this.#buffer.length < end + 2) return undefined;
      const data = this.#buffer.subarray(lineEnd + 2, end);
      this.#buffer = this.#buffer.subarray(end + 2);
      if (size === 0) {
        const body = Buffer.concat(this.#chunks);
        this.#chunks = [];
        return body;
      }
      this.#chunks.push(data);
    }
  }
}

function readHead(text: string): Head {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [method = '', path = ''] = requestLine.split(' ');
  const headers = Object.fromEntries(
    lines.map(line => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { method, path, headers };
}
