// A pretended Cohere that costs next to nothing: sockets, no HTTP server, answers from memory. It understands what the
// pipe and the proxy send it, and nothing else.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { burstAnswer, jsonAnswer, models, modelsAnswer, pacedAnswer, paceMs } from './answers.ts';
import { announce } from './child.ts';

/** The model stands at the beginning of every body. */
const leadLength = 64;

interface Paced {
  readonly socket: Socket;
  sent: number;
}

// A timer for all streams and not one for each; the streams are spread over the milliseconds between two events, as
// those of strangers are.
const phases: Set<Paced>[] = Array.from({ length: paceMs }, () => new Set());
let phase = 0;
const startMs = performance.now();
let ticks = 0;
setInterval(() => {
  // A late timer makes up for what it missed, so that the pace holds on a busy machine.
  const due = Math.floor(performance.now() - startMs);
  if (due - ticks > 5 * paceMs) ticks = due - 1;
  for (; ticks < due; ticks += 1) {
    phase = (phase + 1) % paceMs;
    for (const paced of phases[phase] ?? []) step(paced, phase);
  }
}, 1);

function step(paced: Paced, ofPhase: number): void {
  const piece = pacedAnswer[paced.sent];
  if (piece && !paced.socket.destroyed) paced.socket.write(piece);
  paced.sent += 1;
  if (paced.sent >= pacedAnswer.length || paced.socket.destroyed) phases[ofPhase]?.delete(paced);
}

function answer(socket: Socket, lead: string): void {
  if (lead === '') socket.write(modelsAnswer);
  else if (lead.includes(models.burst)) socket.write(burstAnswer);
  else if (lead.includes(models.paced)) {
    const paced = { socket, sent: 0 };
    step(paced, phase);
    // The phase that has just been: the next event is due in a whole pace.
    phases[phase]?.add(paced);
  } else socket.write(jsonAnswer);
}

const server = createServer(socket => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let head = '';
  let lead = '';
  /** Bytes of the body still to come; undefined while the head is read. */
  let left: number | undefined;
  socket.on('data', chunk => {
    let body = chunk;
    if (left === undefined) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      body = chunk.subarray(chunk.length - (head.length - end - 4));
      left = Number(/^content-length: *(\d+)/im.exec(head.slice(0, end))?.[1] ?? 0);
      head = '';
      lead = '';
    }
    if (lead.length < leadLength) lead += body.toString('latin1', 0, leadLength);
    left -= body.length;
    if (left > 0) return;
    left = undefined;
    answer(socket, lead);
  });
});
server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
