import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { writeFileSafely } from '../../record-file.ts';

export interface ServingCertificate {
  /** PEM. */
  cert: string;
  key: string;
}

const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;

/** The self-signed certificate of the node's log server, made on first use and kept in the folder. */
export async function loadServingCertificate(
  folder: string,
  name: string,
  address: string,
): Promise<ServingCertificate> {
  const files = { cert: join(folder, 'log-server.crt'), key: join(folder, 'log-server.key') };
  const kept = readCertificate(files);
  if (kept) return kept;
  const made = await makeCertificate(name, address);
  mkdirSync(folder, { recursive: true });
  writeFileSafely(files.key, made.key);
  writeFileSafely(files.cert, made.cert);
  return made;
}

/** Undefined when there is none, or none that can be used: a power loss may have left the files empty. */
function readCertificate({ cert, key }: Record<'cert' | 'key', string>): ServingCertificate | undefined {
  try {
    const kept = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    createSecureContext(kept);
    return kept.cert && kept.key ? kept : undefined;
  } catch {
    return undefined;
  }
}

async function makeCertificate(name: string, address: string): Promise<ServingCertificate> {
  // Loaded only when a certificate is to be made, to keep the agent small.
  await import('reflect-metadata');
  const { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    // It is kept, and the clock may be set back.
    notBefore: new Date(Date.now() - tenYearsMs),
    notAfter: new Date(Date.now() + tenYearsMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: address }])],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') };
}
