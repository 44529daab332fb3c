/** @throws with the whole answer where the status is another: a bare number tells nobody what went wrong. */
export async function readJson(response: Response, status: number): Promise<unknown> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`status ${response.status} instead of ${status}: ${text}`);
  return JSON.parse(text);
}
