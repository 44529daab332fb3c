// `node bench/encoder-hostile.ts`: one character in a row, which makes a plain encoder quadratic, and how long the event
// loop waits meanwhile. A process of its own, without rivals whose memory the collector would have to walk through.
// CPU of this thread, since the wall clock shows other processes too.
import { threadCpuUsage } from 'node:process';
import { loadEncoder } from '../src/tokens/vocabulary.ts';

const characters: Readonly<Record<string, string>> = {
  a: 'a',
  Han: '你',
  blank: ' ',
  newline: '\n',
  mark: '\u0301',
  'marks out of order': '\u0301\u0316',
  digit: '7',
  emoji: '😀',
};

const print = (line: string) => process.stdout.write(`${line}\n`);

function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

const encoder = await loadEncoder();
if (!encoder) print('the optional package with the vocabulary is not installed');
else {
  const head = ['80,000: CPU ms', '1,000,000: CPU ms', 'longest pause, CPU ms'];
  print('one character in a row'.padEnd(24) + head.map(cell => cell.padStart(24)).join(''));
  for (const [label, character] of Object.entries(characters)) {
    // Characters, not units; but as many units for the two marks as for one.
    const times = (length: number) => character.repeat(label === 'marks out of order' ? length / 2 : length);
    const short = times(80_000);
    const startMs = cpuMs();
    encoder.count(short);
    const shortMs = cpuMs() - startMs;

    const long = times(1_000_000);
    let pauseMs = 0;
    const longStartMs = cpuMs();
    let seenMs = longStartMs;
    const watch = () => {
      const nowMs = cpuMs();
      pauseMs = Math.max(pauseMs, nowMs - seenMs);
      seenMs = nowMs;
    };
    const timer = setInterval(watch, 0);
    await encoder.countSliced(long);
    watch();
    clearInterval(timer);
    const cells = [shortMs, cpuMs() - longStartMs, pauseMs];
    print(label.padEnd(24) + cells.map(cell => cell.toFixed(0).padStart(24)).join(''));
  }
}
