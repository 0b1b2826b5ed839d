import { expect, test } from 'vitest';
import { isReachable, isSelected, type NetworkPolicy, type Party, type Port } from './reachability.ts';

const http: Port = { name: 'http', port: 8080, protocol: 'TCP' };

function pod(namespace: string, name: string, more: Partial<Party['pod'] & object> = {}): Party {
  const namespaceLabels = { 'kubernetes.io/metadata.name': namespace };
  return { name, ip: '10.1.0.1', pod: { namespace, namespaceLabels, labels: { name }, ports: [http], ...more } };
}

function policy(namespace: string, spec: Partial<NetworkPolicy['spec']>): NetworkPolicy {
  return { metadata: { namespace }, spec: { podSelector: {}, ...spec } };
}

const front = pod('web', 'front');
const service = pod('tier', 'service');
const internet: Party = { name: 'internet', ip: '203.0.113.7' };
const denyAll = (namespace: string) => policy(namespace, { policyTypes: ['Ingress', 'Egress'] });
const selectName = (name: string) => ({ matchLabels: { name } });
const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'web' } };

test('without policies everybody reaches everybody', () => {
  expect(isReachable([], front, service, http)).toBe(true);
  expect(isReachable([], internet, service, http)).toBe(true);
});

test('a policy without rules closes the directions that it names, for the pods that it selects', () => {
  expect(isReachable([denyAll('tier')], front, service, http)).toBe(false);
  expect(isReachable([denyAll('tier')], service, front, http)).toBe(false);
  expect(isReachable([denyAll('elsewhere')], front, service, http)).toBe(true);
  const onlyIngress = policy('tier', { policyTypes: ['Ingress'] });
  expect(isReachable([onlyIngress], service, front, http)).toBe(true);
  const others = policy('tier', { policyTypes: ['Ingress'], podSelector: selectName('another') });
  expect(isReachable([others], front, service, http)).toBe(true);
});

test('without policyTypes a policy is about ingress, and about egress if it has such rules', () => {
  const ingress = [{ from: [{ namespaceSelector }] }];
  const toPods = [{ to: [{ namespaceSelector: {} }] }];
  const leaves = (spec: Partial<NetworkPolicy['spec']>) =>
    isReachable([policy('tier', { ingress, ...spec })], service, internet, http);
  expect(leaves({})).toBe(true);
  expect(leaves({ egress: toPods })).toBe(false);
  // Empty lists are as good as none: such a policy leaves egress open, whatever it looks like.
  expect([leaves({ egress: [] }), leaves({ policyTypes: [], egress: [] })]).toEqual([true, true]);
  expect(isReachable([policy('tier', { policyTypes: [], ingress })], internet, service, http)).toBe(false);
});

test('policies add up: what one of them allows is allowed', () => {
  const opened = policy('tier', { ingress: [{ from: [{ namespaceSelector }] }] });
  expect(isReachable([denyAll('tier'), opened], front, service, http)).toBe(true);
  expect(isReachable([denyAll('tier'), opened], internet, service, http)).toBe(false);
});

test('a connection needs both its ends', () => {
  const ingress = policy('tier', { ingress: [{}] });
  expect(isReachable([denyAll('web'), ingress], front, service, http)).toBe(false);
  const egress = policy('web', { policyTypes: ['Egress'], egress: [{}] });
  expect(isReachable([egress, denyAll('tier')], front, service, http)).toBe(false);
  expect(isReachable([egress, ingress], front, service, http)).toBe(true);
});

test('selectors of namespace and pod in one peer both hold, in two peers either does', () => {
  const podSelector = selectName('front');
  const both = policy('tier', { ingress: [{ from: [{ namespaceSelector, podSelector }] }] });
  const either = policy('tier', { ingress: [{ from: [{ namespaceSelector }, { podSelector }] }] });
  const elsewhere = pod('other', 'front');
  const neighbour = pod('tier', 'front');
  const another = pod('web', 'another');
  const reach = (rules: NetworkPolicy) =>
    [front, another, neighbour, elsewhere].map((from) => isReachable([rules], from, service, http));
  expect(reach(both)).toEqual([true, false, false, false]);
  // A pod selector alone is about the policy's own namespace.
  expect(reach(either)).toEqual([true, true, true, false]);
});

test('an empty selector of namespaces means all of them, and none of those that are no pods', () => {
  const anyPod = policy('tier', { ingress: [{ from: [{ namespaceSelector: {} }] }] });
  expect(isReachable([anyPod], pod('other', 'x'), service, http)).toBe(true);
  expect(isReachable([anyPod], internet, service, http)).toBe(false);
});

test('an address block is about addresses, less its exceptions, in its own family', () => {
  const ipBlock = { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] };
  const block = policy('tier', { ingress: [{ from: [{ ipBlock }] }] });
  const at = (ip: string) => isReachable([block], { name: ip, ip }, service, http);
  expect(['203.0.113.7', '203.0.113.200', '198.51.100.1', '2001:db8::1'].map(at)).toEqual([true, false, false, false]);
  const six = policy('tier', { ingress: [{ from: [{ ipBlock: { cidr: '2001:db8::/32' } }] }] });
  expect(isReachable([six], { name: 'six', ip: '2001:db8::1' }, service, http)).toBe(true);
});

test.each([
  ['a number', { port: 8080 }, [true, false, false]],
  ['a range', { port: 8000, endPort: 8081 }, [true, true, false]],
  ['a name of the receiving pod', { port: 'http' }, [true, false, false]],
  ['a name that it does not have', { port: 'metrics' }, [false, false, false]],
  ['a protocol alone', { protocol: 'UDP' }, [false, false, true]],
])('a rule may name its port by %s', (_, port, expected) => {
  const opened = policy('tier', { ingress: [{ ports: [port] }] });
  const ports: Port[] = [http, { port: 8081, protocol: 'TCP' }, { port: 8080, protocol: 'UDP' }];
  expect(ports.map((each) => isReachable([opened], front, service, each))).toEqual(expected);
});

test("pods in their node's network are neither held back by policies nor known to them", () => {
  const onHost = pod('tier', 'on-host', { hostNetwork: true });
  expect(isReachable([denyAll('tier')], front, onHost, http)).toBe(true);
  expect(isReachable([denyAll('tier')], onHost, internet, http)).toBe(true);
  const fromTier = policy('web', { ingress: [{ from: [{ namespaceSelector: {} }] }] });
  expect(isReachable([fromTier], onHost, front, http)).toBe(false);
});

test.each([
  ['Exists', { key: 'name', operator: 'Exists' }, [true, false]],
  ['DoesNotExist', { key: 'name', operator: 'DoesNotExist' }, [false, true]],
  ['In', { key: 'name', operator: 'In', values: ['a', 'b'] }, [true, false]],
  ['NotIn, of what has no such label too', { key: 'name', operator: 'NotIn', values: ['a'] }, [false, true]],
])('a label selector knows %s', (_, expression, expected) => {
  const selector = { matchExpressions: [expression] };
  expect([{ name: 'a' }, {}].map((labels) => isSelected(selector, labels as Record<string, string>))).toEqual(expected);
});

test('a label selector that cannot be understood is no match and no silence', () => {
  const matchExpressions = [{ key: 'name', operator: 'Like', values: ['a'] }];
  expect(() => isSelected({ matchExpressions }, { name: 'a' })).toThrow('no operator Like');
});
