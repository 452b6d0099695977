import script from 'browser:./page.ts';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemote, type Remote } from './client.ts';
import { decoder, encode, type News } from './messages.ts';

/** A page to be opened by a browser, which lends its WebGPU from then on. */
export interface Lender extends Remote {
  readonly url: string;
  close(): void;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>coin-webgpu</title><link rel="icon" href="data:,">
<script type="module">${script.replaceAll('</script', '<\\/script')}</script>`;

/**
 * Serves the page on a free port of this machine, below a path that only its browser is told. Calls go to it in one long answer,
 * news come back as requests: that needs no package, and both are in order.
 */
export async function createLender(): Promise<Lender> {
  const secret = `/${randomUUID()}/`;
  let orders: ServerResponse | undefined;
  let early: Uint8Array[] = [];
  let numberOf = (_value: object): number | undefined => undefined;
  const remote = createRemote({
    send(order) {
      const frame = encode(order, numberOf);
      if (orders) orders.write(frame);
      else early.push(frame);
    },
    set numberOf(own: typeof numberOf) {
      numberOf = own;
    },
    get numberOf() {
      return numberOf;
    },
  });

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    '': (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE),
    orders(_request, response) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.socket?.setNoDelay();
      orders = response;
      for (const frame of early.splice(0)) response.write(frame);
      response.on('close', () => remote.end('The browser that computed is gone.'));
    },
    async news(request, response) {
      const decode = decoder();
      for await (const chunk of request)
        for (const message of decode(chunk as Uint8Array)) remote.hear(message() as News);
      response.writeHead(204).end();
    },
  };
  const server = createServer((request, response) => {
    const route = request.url?.startsWith(secret) ? routes[request.url.slice(secret.length)] : undefined;
    if (route) route(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    ...remote,
    url: `http://localhost:${port}${secret}`,
    close() {
      early = [];
      server.close();
      server.closeAllConnections();
    },
  };
}
