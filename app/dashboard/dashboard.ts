import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type onRequestAsyncHookHandler } from 'fastify';
import type { DashboardConfig } from '../config/config.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import { readAssets } from './assets.ts';
import { Feed } from './feed.ts';
import { Gate, readToken } from './gate.ts';
import type { MemoryView } from './memory-view.ts';
import { addUpload, type TakeUpload } from './upload-route.ts';

export interface DashboardOptions {
  config: DashboardConfig;
  identity: { device: string; version: string };
  read: () => Snapshot;
  memory: () => MemoryView;
  /** The text of /metrics and its content type. */
  metrics: { type: string; render(): Promise<string> };
  /** Does what is asked for with the token. */
  execute: (command: string, args: unknown) => Promise<object>;
  /** Takes a model for the models folder, from who brings the token. */
  upload: TakeUpload;
  /** The newest picture of a source; null: none yet; undefined: there is no such source. */
  picture: (source: string) => Shown | null | undefined;
  /** Told once, in one line: where the page is, or why there is none. */
  notice(message: string): void;
}

/** A JPEG, and the frame that it shows. */
export interface Shown {
  jpeg: Buffer;
  number: number;
  /** On the clock of `process.hrtime`. */
  capturedNs: number;
  /** How many results belong to it. */
  due: number;
}

const USUAL_PORT = 8080;
const MOST_BODY_BYTES = 64 * 1024;
const LINGER_MS = 2000;
/** Nothing but what this server gives; no picture, script or frame from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The local web page, `/metrics` for Prometheus, and commands for who brings the token. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #feed: Feed;
  #server: FastifyInstance | null = null;
  #url: string | null = null;

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.#feed = new Feed(options);
  }

  /** Where it is to be seen; null: nowhere. */
  get url(): string | null {
    return this.#url;
  }

  /** Throws where a port was named that cannot be had, or the token cannot be read. */
  async start(): Promise<void> {
    const { port, token_file: tokenFile } = this.#options.config;
    if (this.#server !== null || port === null) return;
    const server = this.#build(new Gate(tokenFile === null ? null : readToken(tokenFile)));
    this.#server = server;
    try {
      this.#url = await this.#listen(server, port);
    } catch (error) {
      this.#server = null;
      throw error;
    }
    this.#options.notice(`page: ${this.#url}`);
  }

  /** For who looks. `pictured`: they see the frame that it belongs to. */
  result(news: Readonly<{ model: string; source: string }>, pictured: boolean): void {
    this.#feed.result(news, pictured);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#url = null;
    this.#feed.close();
    await server?.close();
  }

  async #listen(server: FastifyInstance, port: number): Promise<string> {
    const { address: host } = this.#options.config;
    try {
      return await server.listen({ port, host });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && port === USUAL_PORT) return server.listen({ port: 0, host });
      const why: Record<string, string> = {
        EADDRINUSE: 'is taken; name another dashboard.port, or 0 for any free one',
        EACCES: 'is for root alone; name a dashboard.port above 1023',
        EADDRNOTAVAIL: 'is not of this machine; name another dashboard.address',
      };
      throw new Error(`dashboard ${host}:${port}: ${why[code ?? ''] ?? message}`);
    }
  }

  #build(gate: Gate): FastifyInstance {
    const server = fastify({ bodyLimit: MOST_BODY_BYTES, forceCloseConnections: true });
    const mayChange: onRequestAsyncHookHandler = async (request, reply) => {
      const why = gate.readOnly(request.headers);
      if (why !== null) await reply.code(403).send({ ok: false, error: why });
    };
    server.addHook('onRequest', async (request, reply) => {
      reply.header('Content-Security-Policy', POLICY);
      reply.header('X-Content-Type-Options', 'nosniff');
      reply.header('Referrer-Policy', 'no-referrer');
      reply.header('Cross-Origin-Resource-Policy', 'same-origin');
      const why = gate.refusal(request.headers);
      if (why !== null) await reply.code(403).send({ ok: false, error: why });
    });
    server.addHook('onResponse', async ({ raw }) => letGo(raw));
    server.setNotFoundHandler((request, reply) =>
      reply.code(404).send({ ok: false, error: `there is no ${request.url} here` }),
    );
    server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
      reply.code(error.statusCode ?? 500).send({ ok: false, error: error.message }),
    );
    this.#addPages(server);
    this.#addFigures(server, gate);
    this.#addCommands(server, mayChange);
    addUpload(server, mayChange, this.#options.upload);
    return server;
  }

  #addPages(server: FastifyInstance): void {
    for (const [place, { type, body }] of readAssets()) {
      server.get(place, (_request, reply) =>
        reply.header('Content-Type', type).header('Cache-Control', 'no-cache').send(body),
      );
    }
  }

  #addFigures(server: FastifyInstance, { hasToken }: Gate): void {
    const { metrics, identity, execute, config } = this.#options;
    const { upload_max_mb } = config;
    server.get('/metrics', async (_request, reply) =>
      reply.header('Content-Type', metrics.type).send(await metrics.render()),
    );
    server.get('/api/identity', () => ({ ...identity, changes: hasToken, upload_max_mb }));
    server.get('/api/models', () => execute('models', {}));
    server.get<{ Params: { source: string } }>('/api/picture/:source', (request, reply) => {
      const why = this.#hidden(request.ip);
      if (why !== null) return reply.code(403).send({ ok: false, error: why });
      const picture = this.#options.picture(request.params.source);
      if (picture === undefined) return reply.callNotFound();
      if (picture === null) return reply.code(204).send();
      const ageMs = (Number(process.hrtime.bigint()) - picture.capturedNs) / 1e6;
      return reply
        .header('Content-Type', 'image/jpeg')
        .header('Cache-Control', 'no-store')
        .header('Frame-Number', picture.number)
        .header('Frame-Results', picture.due)
        .header('Frame-Age-Ms', ageMs.toFixed(1))
        .send(picture.jpeg);
    });
    server.get('/api/live', (_request, reply) => {
      if (this.#feed.full) return reply.code(503).send({ ok: false, error: 'too many viewers' });
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        reply.raw.setHeader(name, value as string);
      }
      this.#feed.add(reply.raw);
      return reply;
    });
  }

  /** Why who asks may not see pictures; null: it may. */
  #hidden(address: string): string | null {
    const { pictures } = this.#options.config;
    if (pictures === 'everywhere') return null;
    const here = /^(::ffff:)?127\.|^::1$/.test(address);
    if (pictures === 'here' && here) return null;
    return `pictures are not shown there: dashboard.pictures is ${pictures}`;
  }

  #addCommands(server: FastifyInstance, mayChange: onRequestAsyncHookHandler): void {
    server.post<{ Params: { command: string } }>(
      '/api/commands/:command',
      { onRequest: mayChange },
      async (request, reply) => {
        const answer = await this.#options.execute(request.params.command, request.body ?? {});
        return reply.code('ok' in answer && answer.ok === true ? 200 : 400).send(answer);
      },
    );
  }
}

/** Who was answered before all was sent may finish, so that the answer is read; not for ever. */
function letGo(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
}
