// The check behind gRPC probes: the standard health service, asked without TLS as kubelet asks it.
import type { V1GRPCAction } from '@kubernetes/client-node';
import type { Finding } from './probe-checks.ts';

const method = '/grpc.health.v1.Health/Check';

/** `ServingStatus` of grpc/health/v1/health.proto. */
const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** A service is fine when it says that it is SERVING, within the time given. */
export async function checkGrpc({ port, service }: V1GRPCAction, host: string, timeoutMs: number): Promise<Finding> {
  // Few pods have such a probe, and every agent would pay for the library.
  const { Client, credentials, status } = await import('@grpc/grpc-js');
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.36',
    // A channel of one check needs no memory of another's.
    'grpc.use_local_subchannel_pool': 1,
    // A pod's address means something on this machine only; the library asks a user's http_proxy even for loopback.
    'grpc.enable_http_proxy': 0,
  });
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        method,
        encodeRequest,
        decodeResponse,
        service ?? '',
        { deadline: Date.now() + timeoutMs },
        (fault, serving) => {
          if (!fault) resolve(serving === 1 ? undefined : `service unhealthy (responded with "${nameOf(serving)}")`);
          else if (fault.code === status.DEADLINE_EXCEEDED) resolve(`timeout after ${timeoutMs} ms`);
          else if (fault.code === status.UNIMPLEMENTED)
            resolve('this server does not implement the grpc health protocol');
          else resolve(`gRPC health check failed: ${fault.details || fault.message}`);
        },
      );
    });
  } finally {
    client.close();
  }
}

function nameOf(serving: number | undefined): string {
  return statusNames[serving ?? 0] ?? String(serving);
}

/** `HealthCheckRequest { string service = 1; }`; an empty name is left out, as proto3 does. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
}

/** `HealthCheckResponse { ServingStatus status = 1; }`; UNKNOWN where the field is missing. */
function decodeResponse(message: Buffer): number {
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
