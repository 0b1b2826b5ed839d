/** The versions that the control plane is made of, as go.mod names them. */
export const kubernetesVersion = 'v1.36.3';
export const etcdVersion = 'v3.6.8';
