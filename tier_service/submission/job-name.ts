import { createHmac, randomBytes } from 'node:crypto';

/** RFC 4648's base 32 in lower case: every character may stand in a Kubernetes name. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const idLength = 26;

/** A name that nobody can guess: the prefix and 130 random bits. */
export function randomJobName(prefix: string): string {
  return prefix + toId(randomBytes(idLength));
}

/** What an idempotency key counts within. */
export interface KeyScope {
  client: string;
  key: string;
}

/**
 * The one name that a request with this idempotency key leads to, on any replica.
 * @param secret the uid of the Job's namespace: the same for all replicas, never shown to a client, and gone with the
 *   namespace, so that the name cannot be guessed from the key
 */
export function keyedJobName(prefix: string, secret: string, { client, key }: KeyScope): string {
  return (
    prefix +
    toId(
      createHmac('sha256', secret)
        .update(JSON.stringify([client, key]))
        .digest(),
    )
  );
}

/** Five bits of each byte, as a character. */
function toId(bytes: Buffer): string {
  let id = '';
  for (let position = 0; position < idLength; position++) id += alphabet[bytes[position]! & 31];
  return id;
}
