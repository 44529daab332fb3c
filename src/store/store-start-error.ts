/** A store that cannot be used at all. The text is for whoever starts the proxy: what is wrong, and what to do. */
export class StoreStartError extends Error {
  override readonly name = 'StoreStartError';
}
