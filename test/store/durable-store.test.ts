// What stands in front of every durable store keeps the contract, over records that are as plain as can be: with
// everything that was used in memory, with one session, and with none.
import { describe } from 'vitest';
import { DurableStore } from '../../src/store/durable-store.ts';
import { testSessionStore } from '../contract/session-store.ts';
import { PlainData, PlainRecords } from '../support/plain-records.ts';

describe.each([100, 1, 0])('%i sessions in memory', sessions => {
  testSessionStore(async settings => {
    let nowMs = 1_000_000;
    const data = new PlainData();
    const begin = () => {
      const records = new PlainRecords({ now: () => nowMs, tombstoneMs: settings.tombstoneMs }, data);
      return new DurableStore(records, { limits: { ...settings, sessions, sessionStoreBytes: 10_000_000 } });
    };
    return { store: begin(), wait: ms => (nowMs += ms), reopen: async () => begin() };
  });
});
