// `npm run bench submit`: how many jobs the free tier accepts a second through both Envoys, beside the same Jobs
// created straight at the API server and beside a Flask service, on one control plane and in turns.
//
// No node is there, so nothing runs but what takes the jobs. All Jobs are suspended ones of the mesh's template, in
// namespaces with the same quota, so all give the control plane the same work; each round begins with none, and ends
// when the Job controller has seen them all, so that what it costs is counted where it belongs.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { jobsPath } from '../../tier_service/jobs/job-paths.ts';
import { type FlaskService, startFlask } from '../flask/flask-service.ts';
import { type LoadResult, closedLoop } from '../measure/closed-loop.ts';
import { cpuMs } from '../measure/cpu-time.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { type BenchCluster, createQuotaNamespace, startBenchControlPlane } from '../setup/control-plane.ts';
import { programOptions, programUsage, requireProgram } from '../setup/programs.ts';
