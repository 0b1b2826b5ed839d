// Fastify as it is, sending bytes that it holds: as fast as an answer in Node gets.
//
//     node bytes-from-memory.ts HOST PORT URL    answers URL's path with what URL answers now
import { fastify } from 'fastify';

const [host, port, url] = process.argv.slice(2);
const answer = await fetch(url!);
const type = answer.headers.get('content-type') ?? 'application/json';
const bytes = Buffer.from(await answer.arrayBuffer());

const app = fastify();
app.get(new URL(url!).pathname, (_, reply) => reply.header('content-type', type).send(bytes));
await app.listen({ host: host!, port: Number(port) });
