import type { Readable } from 'node:stream';
import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';

/** Takes a model into the models folder; answers why not. */
export type TakeUpload = (
  upload: { file: string; replace: boolean; bytes: number | null },
  body: Readable,
) => Promise<object>;

interface Asked {
  file?: string | string[];
  replace?: string | string[];
}

/** `POST /api/models?file=NAME[&replace=true]` with the file itself, which is handed on as it
 *  comes. `mayChange` refuses who may not, before anything of it is read. */
export function addUpload(
  server: FastifyInstance,
  mayChange: onRequestAsyncHookHandler,
  take: TakeUpload,
): void {
  // In a scope of its own: elsewhere a body is JSON.
  server.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, body, done) => done(null, body));
    scope.post<{ Querystring: Asked }>(
      '/api/models',
      { onRequest: mayChange },
      async (request, reply) => {
        const { file, replace = 'false' } = request.query;
        if (typeof file !== 'string') return reply.code(400).send(refused('file is missing'));
        if (replace !== 'true' && replace !== 'false') {
          return reply.code(400).send(refused('replace must be true or false'));
        }
        const length = request.headers['content-length'];
        const bytes = length === undefined ? null : Number(length);
        const upload = { file, replace: replace === 'true', bytes };
        const answer = await take(upload, request.raw);
        return reply.code('ok' in answer && answer.ok === true ? 200 : 400).send(answer);
      },
    );
    registered();
  });
}

const refused = (error: string): object => ({ ok: false, error: `upload: ${error}` });
