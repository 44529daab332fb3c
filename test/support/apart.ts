// Records that many tests share, each as if it were alone: what each calls an owner, or a note, is its own. Opening a
// database anew for each of them would take most of their time.
import type { Space } from '../../src/conversation/session.ts';
import type { SessionRecord, SessionRecords } from '../../src/store/records.ts';

export function apart(records: SessionRecords, prefix: string, onClose: () => void): SessionRecords {
  const inside = <S extends Space>(space: S): S => ({ ...space, owner: prefix + space.owner });
  const outside = <S extends Space>(space: S): S => ({ ...space, owner: space.owner.slice(prefix.length) });
  const shown = (record: SessionRecord): SessionRecord => ({ ...record, key: outside(record.key) });
  return {
    async open(key, options) {
      const opened = await records.open(inside(key), options);
      return opened.status === 'found' ? { ...opened, record: shown(opened.record) } : opened;
    },
    letGo: (key, holder) => records.letGo(inside(key), holder),
    async append(key, turn, options) {
      const appended = await records.append(inside(key), turn, options);
      return appended.status === 'appended' ? { ...appended, record: shown(appended.record) } : appended;
    },
    setIdle: (key, idleMs, livesMs) => records.setIdle(inside(key), idleMs, livesMs),
    recall: (space, markKey) => records.recall(inside(space), markKey),
    claim: (space, key, request) => records.claim(inside(space), key, request),
    settle: (space, key, holder, answer) => records.settle(inside(space), key, holder, answer),
    findByHints: (space, hints, limit) => records.findByHints(inside(space), hints, limit),
    async list(options) {
      const page = await records.list({ ...options, owner: prefix + options.owner });
      return { ...page, records: page.records.map(shown) };
    },
    find: async (owner, id) => (await records.find(prefix + owner, id)).map(outside),
    readNote: name => records.readNote(prefix + name),
    writeNote: (name, text) => records.writeNote(prefix + name, text),
    delete: key => records.delete(inside(key)),
    check: () => records.check(),
    close: async () => onClose(),
  };
}
