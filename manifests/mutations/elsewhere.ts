// Kinds of settings that a test in another file misses, and those that none does, and why. By kind of object, without indexes.

export interface Check {
  /** The file, from the project's folder. */
  in: string;
  /** A part of the test's title. */
  test: string;
}

const hardening: Check = {
  in: 'container_rig/checks/hardening/containers.test.ts',
  test: 'every field of the security contexts and the resources is among those',
};
const accounts = 'manifests/accounts.cluster.test.ts';
const policy = 'manifests/mutations/policy-mutations.cluster.test.ts';

/** Tests that leave the setting out themselves, or see what it is for. */
export const checks: [kind: RegExp, check: Check][] = [
  [/^(Deployment|Job|JobTemplate): .*\.(securityContext|resources)\./, hardening],
  [/^(Deployment|Job|JobTemplate): .*\.(automountServiceAccountToken|enableServiceLinks)$/, hardening],
  [
    /^(Namespace: .*\/enforce$|ResourceQuota: spec\.hard\.|LimitRange: spec\.limits\.(max|default|defaultRequest)\.)/,
    { in: 'manifests/mutations/namespace-mutations.cluster.test.ts', test: 'something changes without $without' },
  ],
  [
    /^NetworkPolicy: spec\./,
    {
      in: 'manifests/network-policies.cluster.test.ts',
      test: 'each policy, each of its rules, and each direction, peer, port and label in them is needed',
    },
  ],
  [
    /^ValidatingAdmissionPolicy: spec\.((validations|variables)\.expression|.*\.operations)$/,
    { in: policy, test: 'the API server answers something else without $without' },
  ],
  [
    /^ValidatingAdmissionPolicyBinding: .*\.values$/,
    { in: 'manifests/tier-jobs-policy.cluster.test.ts', test: 'gives its Jobs no other priority than its own' },
  ],
  [
    /^((Cluster)?Role: rules\.|(Cluster)?RoleBinding: (roleRef|subjects)\.)/,
    { in: accounts, test: 'may do what is in the table, and nothing else anywhere' },
  ],
  [
    /^PriorityClass: value$/,
    { in: 'manifests/priority.cluster.test.ts', test: 'On a full cluster the next place is for a service' },
  ],
  [
    /^ServiceAccount: automountServiceAccountToken$/,
    { in: accounts, test: 'of which no pod is given a token that does not ask for one' },
  ],
  [
    /^Deployment: .*\.preStop\.exec\.command$/,
    { in: 'manifests/service-pods.test.ts', test: 'is drained by its preStop hook' },
  ],
  [
    /^Deployment: .*\.(volumes\.projected|volumeMounts)\./,
    { in: 'manifests/service-pods.test.ts', test: "gives the account's token to its service alone" },
  ],
  [
    /^HorizontalPodAutoscaler: spec\./,
    {
      in: 'container_rig/checks/autoscaling/autoscaling.test.ts',
      test: 'under load the backend has more pods, afterwards one again',
    },
  ],
];

/** Why nothing is missed without it, or nothing here can see it. */
export const exceptions: [kind: RegExp, why: string][] = [
  [
    /^Namespace: .*\/(enforce-version|audit|audit-version|warn|warn-version)$/,
    'what is written down or told of pods that are let in all the same, and by which version',
  ],
  [/: (apiVersion|kind|metadata\.(name|namespace|annotations\..*)|description)$/, 'names a thing, or says what it is'],
  [/: (.*\.)?(metadata\.labels\.|selector\.)/, 'tells things apart; nothing would be found without'],
  [/\.(name|image|args|env|env\.value|workingDir|ports\.containerPort)$/, 'what runs: it would be something else'],
  [/\.valueFrom\./, 'where a setting of the program comes from; its own tests are about that'],
  [/^ConfigMap: data\./, 'files and settings of programs, which have tests of their own'],
  [/^(Service|PersistentVolumeClaim|StorageClass): /, 'where things are reached and kept: nothing would work without'],
  [/^(Deployment|Job): .*\.(volumes|volumeMounts)\.(configMap|persistentVolumeClaim|name|mountPath)/, 'the same'],
  [
    /^(Deployment|Job): .*\.(serviceAccountName|readOnly)$/,
    'whose rights and which files a pod has: its program fails without',
  ],
  [/\.imagePullPolicy$/, 'as Kubernetes does for tags; written out for `latest` and for digests alike'],
  [/\.(completions|parallelism|terminationMessagePath|limits\.type|failurePolicy)$/, 'as Kubernetes fills it in'],
  [/^Job: spec\.backoffLimit$/, 'as Kubernetes fills it in'],
  [/^Job: .*\.priorityClassName$/, 'the training has the class of the services, which a row leaves out there'],
  [/\.strategy\./, 'as Kubernetes does for fewer than four replicas; written out, since more would lose some at once'],
  [/\.restartPolicy$/, 'a Job is refused without, and the service would wait for ever for a sidecar that is none'],
  [/\.revisionHistoryLimit$/, 'how many old generations are listed'],
  [/\.dnsConfig\./, 'spares the DNS three of four questions; every name is found without it as well'],
  [
    /\.emptyDir\.sizeLimit$/,
    'a kubelet evicts a pod that writes more; nodes of processes count no files, and the rig has no check of it yet',
  ],
  [
    /^ValidatingAdmissionPolicy(Binding)?: .*\.(message|messageExpression|reason|policyName|validationActions|apiGroups|apiVersions|resources|key|operator)$/,
    'what a refusal is called, and what the policy is about: refused, or about nothing, without',
  ],
];
