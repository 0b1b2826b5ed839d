/**
 * Certificate authorities and the certificates that they sign, all on the P-256 curve.
 */
import 'reflect-metadata'; // Needed by @peculiar/x509 before it is loaded.
import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
const authorityDays = 3650;
const leafDays = 365;
const backdatedDays = 3650;

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** Who a certificate speaks for, in Kubernetes' terms: the user is the common name, its groups the organisations. */
export interface Subject {
  user: string;
  groups?: string[];
}

/** Makes a self-signed authority that is good for ten years. */
export async function createAuthority(name: string): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(authorityDays),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/**
 * Makes a certificate that is good for a year.
 * @param hosts addresses and names that it serves; with any, it is a server's certificate as well as a client's.
 */
export async function issueCertificate(authority: KeyPair, subject: Subject, hosts: string[] = []): Promise<KeyPair> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.certificate);
  const usages = [ExtendedKeyUsage.clientAuth, ...(hosts.length > 0 ? [ExtendedKeyUsage.serverAuth] : [])];
  const certificate = await X509CertificateGenerator.create({
    ...validity(leafDays),
    subject: [...(subject.groups ?? []).map((group) => ({ O: [group] })), { CN: [subject.user] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      await AuthorityKeyIdentifierExtension.create(issuer),
      ...(hosts.length > 0 ? [new SubjectAlternativeNameExtension(hosts.map(alternativeName))] : []),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** Makes the key that signs service accounts' tokens, and the public one that checks them, both PEM. */
export async function createSigningKeys(): Promise<{ privateKey: string; publicKey: string }> {
  const keys = await generateKeys();
  return {
    privateKey: await exportKey(keys.privateKey),
    publicKey: `${PemConverter.encode(await webcrypto.subtle.exportKey('spki', keys.publicKey), 'PUBLIC KEY')}\n`,
  };
}

/** Says whether both can be read and belong together; a power loss may have left them empty. */
export function isSoundPair({ certificate, key }: KeyPair): boolean {
  try {
    return new NodeCertificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function alternativeName(host: string) {
  return { type: /^[\d.]+$/.test(host) ? ('ip' as const) : ('dns' as const), value: host };
}

/** Begins years ago: authorities are kept, and a clock that was wrong at the first start may be set back by any time. */
function validity(days: number) {
  const now = Date.now();
  return { notBefore: new Date(now - backdatedDays * dayMs), notAfter: new Date(now + days * dayMs) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (!der) throw new Error('the authority has no private key');
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
