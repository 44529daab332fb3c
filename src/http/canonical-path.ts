// One form of a path, made once, before guard and route: they can never see two different ones.

const doors = /^\/(?:chat\/completions|models|model\/info|sessions|session-(?:ex|im)ports)(?=[/?]|$)/;

/**
 * Doubled slashes become one and a missing `/v1` is added (Roo's and Zoo's LiteLLM provider leave it out; base URLs
 * with a slash at the end double it). Nothing is decoded; from here on paths match exactly.
 */
export function canonicalPath(url: string): string {
  const queryAt = url.indexOf('?');
  const path = (queryAt === -1 ? url : url.slice(0, queryAt)).replace(/\/{2,}/g, '/');
  const query = queryAt === -1 ? '' : url.slice(queryAt);
  return (doors.test(path) ? `/v1${path}` : path) + query;
}
