import { PlainRecords } from '../support/plain-records.ts';
import { testAgainstPlain } from './records-model.ts';

// The test itself: plain records against plain records.
testAgainstPlain(async ({ nowMs, tombstoneMs }) => {
  let now = nowMs;
  return { records: new PlainRecords({ now: () => now, tombstoneMs }), wait: ms => (now += ms) };
}, 100);
