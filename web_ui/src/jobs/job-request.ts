/** What a job is asked for with, and the command that asks for the same. */
import type { Job, TierName } from './tier-state.ts';

export interface JobRequest {
  tier: TierName;
  dataset: string;
  epochs: number;
  pretrained: boolean;
}

export const mostEpochs = 20;

/** The fields that are posted; epochs mean nothing to a job that does not train. */
export function fieldsOf({ dataset, epochs, pretrained }: JobRequest) {
  return pretrained ? { dataset, pretrained: true } : { dataset, epochs };
}

/** What would ask for the same job again. */
export function requestOf({ tier, dataset, epochs, pretrained }: Job): JobRequest {
  return { tier, dataset, epochs: epochs ?? 5, pretrained: pretrained ?? false };
}

/**
 * The same as a command. The key is not written into it: commands end up in histories and in chats.
 * @param origin of the mesh, e.g. `http://127.0.0.1:8080`
 */
export function curlOf(request: JobRequest, origin: string, needsKey: boolean): string {
  const parts = [
    `curl ${origin}/${request.tier}`,
    ...(needsKey ? [`-H "authorization: Bearer $API_KEY"`] : []),
    `-d '${JSON.stringify(fieldsOf(request))}'`,
  ];
  return parts.join(' ');
}

/** A key that makes a request that is sent again the same request. Not `randomUUID`, which plain HTTP lacks. */
export function createIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
