import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A kubeconfig for a pod's account. Clients look for an account's token at one fixed path, which a process does not
 * have; all of them also take a kubeconfig, and one with `tokenFile` follows the token as it is renewed. Undefined where
 * the pod has mounted something else at that path.
 * @param accountFolder where the account's `token` and `ca.crt` are on this machine
 */
export function describePodKubeconfig(server: string, accountFolder: string, namespace: string): string | undefined {
  if (!['ca.crt', 'token'].every((name) => statSync(join(accountFolder, name), { throwIfNoEntry: false })?.isFile()))
    return undefined;
  const authority = readFileSync(join(accountFolder, 'ca.crt')).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'mesh', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'account', user: { tokenFile: join(accountFolder, 'token') } }],
    contexts: [{ name: 'pod', context: { cluster: 'mesh', user: 'account', namespace } }],
    'current-context': 'pod',
  });
}
