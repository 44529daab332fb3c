// What an owner is shown of the sessions: a page at a time, however many there are.
import { ProxyError } from '../../conversation/errors.ts';
import type { RecordPage } from '../records.ts';
import type { ListOptions } from '../session-store.ts';
import type { Clock } from './clock.ts';
import { encodeName, encodeUser } from './names.ts';
import { integer } from './rows.ts';
import { readStored, selectSessions } from './session-rows.ts';
import type { Spaces } from './spaces.ts';
import type { Tables } from './tables.ts';

export function listSessions(tables: Tables, spaces: Spaces, clock: Clock, options: ListOptions): RecordPage {
  const { owner: name, user, label, branches, limit, after } = options;
  const owner = spaces.owner(name);
  // The empty string asks for those without `user`.
  const space = user === undefined ? undefined : spaces.find({ owner: name, user: user || undefined });
  const isEmpty = owner === undefined || (user !== undefined && !space);
  if (isEmpty && after) throw nowhere();
  if (isEmpty) return { records: [], hasMore: false };

  const asked = [
    space ? 'sessions.space = $space' : 'sessions.owner = $owner',
    'sessions.expires_ms > $now',
    ...(label === undefined ? [] : ['sessions.owner = $owner AND sessions.label = $label']),
  ];
  const values = {
    ...(space && label === undefined ? {} : { $owner: owner }),
    ...(space ? { $space: space.space } : {}),
    ...(label === undefined ? {} : { $label: encodeName(label) }),
    $now: clock.nowMs,
  };
  const shown = [...asked, ...(branches ? [] : [isNewest(label)])];
  let before = {};
  if (after) {
    const place = tables.getNamed(
      `SELECT used FROM sessions JOIN spaces ON spaces.no = sessions.space
       WHERE ${asked.join(' AND ')} AND sessions.id = $id AND spaces.user = $user`,
      { ...values, $id: encodeName(after.id), $user: encodeUser(after.user) },
    );
    if (!place) throw nowhere();
    shown.push('sessions.used < $before');
    before = { $before: integer(place, 'used') };
  }
  const rows = tables.allNamed(
    `${selectSessions} WHERE ${shown.join(' AND ')} ORDER BY sessions.used DESC LIMIT $limit`,
    { ...values, ...before, $limit: limit + 1 },
  );
  return {
    records: rows.slice(0, limit).map(row => readStored(row).record),
    hasMore: rows.length > limit,
  };
}

/** No other of its family that is asked for as well was used later. A family is of one space. */
function isNewest(label: string | undefined): string {
  return `NOT EXISTS (
    SELECT 1 FROM sessions AS newer
    WHERE newer.space = sessions.space AND newer.root_id = sessions.root_id AND newer.used > sessions.used
      AND newer.expires_ms > $now${label === undefined ? '' : ' AND newer.label = $label'})`;
}

function nowhere(): ProxyError {
  return new ProxyError('invalid_value', 'No session stands at this place of the list.', { param: 'after' });
}
