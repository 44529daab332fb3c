// The ids of a session's turns, with the version that each made. The newest are enough: a repeat follows soon or never.

const max = 64;

export function rememberTurn(turnIds: Map<string, number>, id: string, version: number): Map<string, number> {
  turnIds.set(id, version);
  for (const oldest of turnIds.keys()) {
    if (turnIds.size <= max) break;
    turnIds.delete(oldest);
  }
  return turnIds;
}
