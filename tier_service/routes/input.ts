// What a call takes in its path, and how a client is told of what it does not take.
import { describeInvalidQuery, problem, type ServiceError } from '@ml-job-mesh/http-service';
import type { FastifySchemaValidationError } from 'fastify';
import { Type } from 'typebox';

/** The `{id}` of a path. */
export const JobParams = Type.Object({
  id: Type.String({ description: "The job's id.", maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
});

/** What is told of the first thing that a schema does not allow. An id that no job can have names no job. */
export function describeInvalidInput(errors: FastifySchemaValidationError[], part: string): ServiceError {
  return part === 'params'
    ? problem('job_not_found', 'there is no job of this id')
    : describeInvalidQuery(errors, part);
}
