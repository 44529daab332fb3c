/** So many answers to requests with an `Idempotency-Key` are kept of an owner's on a durable store; then its oldest goes. */
export const answersOfOwner = 10_000;
