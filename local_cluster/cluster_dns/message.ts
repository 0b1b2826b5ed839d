import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  type Question,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { Reply } from './zone.ts';

/** RFC 1035, section 4.1.1: the response codes in use here. */
const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const opcodeMask = 0x7800;
const recursionDesired = 0x0100;
/** What fits a UDP message without EDNS (RFC 1035), and what never is fragmented (the DNS flag day of 2020). */
const plainSize = 512;
const greatestSize = 1232;

/**
 * Answers one DNS message.
 * @param message what arrived, whatever it is
 * @param transport over UDP, a reply that is too long is cut and marked, so that the resolver comes back over TCP
 * @returns the reply; undefined for what is no query and deserves none
 */
export function answerMessage(
  message: Buffer,
  transport: 'udp' | 'tcp',
  answerQuestion: (question: Question) => Reply,
): Buffer | undefined {
  const query = parseQuery(message);
  if (!query) return undefined;
  const [question, ...others] = query.questions ?? [];
  const flags = query.flags ?? 0;
  if ((flags & opcodeMask) !== 0) return encodeReply(query, codes.NOTIMP);
  if (!question || others.length > 0) return encodeReply(query, codes.FORMERR);

  const { code, answers, authorities } = answerQuestion(question);
  const reply = encodeReply(query, codes[code], answers, authorities);
  if (transport === 'tcp' || reply.length <= acceptedSize(query)) return reply;
  return encodeReply(query, codes[code] | TRUNCATED_RESPONSE);
}

function parseQuery(message: Buffer): Packet | undefined {
  try {
    const packet = decode(message);
    return packet.type === 'query' ? packet : undefined;
  } catch {
    return undefined;
  }
}

function encodeReply(query: Packet, flags: number, answers: Answer[] = [], authorities: Answer[] = []): Buffer {
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & (opcodeMask | recursionDesired)) | flags,
    questions: query.questions ?? [],
    answers,
    authorities,
    additionals: extensionOf(query) ? [ownExtension()] : [],
  });
}

/** EDNS(0), RFC 6891: the pseudo-record with which the asker says how much it takes. */
function extensionOf(query: Packet) {
  return query.additionals?.find((record) => record.type === 'OPT');
}

function ownExtension(): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: greatestSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function acceptedSize(query: Packet): number {
  const asked = extensionOf(query)?.udpPayloadSize ?? plainSize;
  return Math.min(greatestSize, Math.max(plainSize, asked));
}
