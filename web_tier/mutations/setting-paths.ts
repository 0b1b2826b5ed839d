// Where settings are in the project's Envoy files, which are all built alike.
import type { SettingPath, Step } from './mutation.ts';

/** In the listener for clients. */
export const listener = (...rest: Step[]): SettingPath => ['static_resources', 'listeners', 0, ...rest];

const managerOf = (index: number): SettingPath => {
  return ['static_resources', 'listeners', index, 'filter_chains', 0, 'filters', 0, 'typed_config'];
};

/** In its HTTP connection manager. */
export const manager = (...rest: Step[]): SettingPath => [...managerOf(0), ...rest];

/** In the one of the listener for probes. */
export const probesManager = (...rest: Step[]): SettingPath => [...managerOf(1), ...rest];

/** What Envoy answers itself with a status, or the mappers that have a text. */
export const localReply = (status: number | string): SettingPath => {
  const having = typeof status === 'number' ? `"default_value":${status}` : status;
  return manager('local_reply_config', 'mappers', { having });
};

/** A filter of requests. */
export const filter = (name: string, ...rest: Step[]): SettingPath => {
  return manager('http_filters', { having: `envoy.filters.http.${name}` }, 'typed_config', ...rest);
};

/** In the only virtual host. */
export const virtualHost = (...rest: Step[]): SettingPath => manager('route_config', 'virtual_hosts', 0, ...rest);

/** In the routes that have a text. */
export const route = (having: string, ...rest: Step[]): SettingPath => virtualHost('routes', { having }, ...rest);

/** In a cluster, or in all of them: `*`. */
export const cluster = (name: string, ...rest: Step[]): SettingPath => {
  return ['static_resources', 'clusters', name === '*' ? '*' : { having: `{"name":"${name}"` }, ...rest];
};
