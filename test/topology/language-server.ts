import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A place in a document as editors count: lines and columns from 0. */
interface Position {
  readonly line: number;
  readonly character: number;
}

interface Edit {
  readonly newText: string;
  readonly range: { readonly start: Position; readonly end: Position };
}

export interface Completion {
  readonly label: string;
  readonly documentation?: string | { readonly value: string };
  readonly textEdit?: Edit;
}

/** The YAML language server that editors run, over its protocol on stdio, with one document open at a time. */
export class LanguageServer {
  private readonly server: ChildProcess;
  private readonly answers = new Map<number, (result: never) => void>();
  private readonly waiting: ((uri: string, messages: string[]) => void)[] = [];
  private received = Buffer.alloc(0);
  private asked = 0;
  private opened = 0;

  constructor() {
    const bin = resolve('node_modules/yaml-language-server/bin/yaml-language-server');
    this.server = spawn(process.execPath, [bin, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.server.stdout?.on('data', (part: Buffer) => this.read(part));
  }

  async start(): Promise<void> {
    await this.ask('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } } },
    });
    this.send({ method: 'initialized', params: {} });
  }

  stop(): void {
    this.server.kill();
  }

  /** Opens a text under a file's name, and waits for what is wrong with it: each message with its line, from 1. */
  open(file: string, text: string): Promise<{ uri: string; wrong: string[] }> {
    // A query makes each text a document of its own, in the same folder.
    this.opened += 1;
    const uri = pathToFileURL(resolve(file)).href.replace(/\.yaml$/, `.${this.opened}.yaml`);
    const wrong = new Promise<{ uri: string; wrong: string[] }>((done) => {
      this.waiting.push((of, messages) => {
        if (of === uri) done({ uri, wrong: messages });
      });
    });
    const textDocument = { uri, languageId: 'yaml', version: 1, text };
    this.send({ method: 'textDocument/didOpen', params: { textDocument } });
    return wrong;
  }

  /** What an editor shows for the word there, or nothing. */
  async hover(uri: string, position: Position): Promise<string> {
    const found = await this.ask<{ contents: { value: string } } | null>('textDocument/hover', {
      textDocument: { uri },
      position,
    });
    return found?.contents.value ?? '';
  }

  async complete(uri: string, position: Position): Promise<readonly Completion[]> {
    const found = await this.ask<{ items: Completion[] } | null>('textDocument/completion', {
      textDocument: { uri },
      position,
    });
    return found?.items ?? [];
  }

  private ask<T>(method: string, params: unknown): Promise<T> {
    this.asked += 1;
    const id = this.asked;
    return new Promise<T>((done) => {
      this.answers.set(id, done as (result: never) => void);
      this.send({ id, method, params });
    });
  }

  private send(message: Record<string, unknown>): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.server.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  /** Messages follow each other, each behind a header with its length. */
  private read(part: Buffer): void {
    this.received = Buffer.concat([this.received, part]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      const [, length] = /Content-Length: (\d+)/.exec(this.received.toString('latin1', 0, end)) ?? [];
      if (end < 0 || this.received.length < end + 4 + Number(length)) return;
      const text = this.received.toString('utf8', end + 4, end + 4 + Number(length));
      this.received = this.received.subarray(end + 4 + Number(length));
      this.handle(JSON.parse(text));
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: messages of every kind.
  private handle({ id, method, params, result }: any): void {
    if (method === 'textDocument/publishDiagnostics') {
      const messages = params.diagnostics.map(
        (one: { message: string; range: { start: Position } }) =>
          `${one.range.start.line + 1}: ${one.message}`,
      );
      for (const waiting of this.waiting) waiting(params.uri, messages);
    } else if (method === 'workspace/configuration') {
      this.send({ id, result: params.items.map(() => ({})) });
    } else if (method !== undefined && id !== undefined) this.send({ id, result: null });
    else if (id !== undefined) this.answers.get(id)?.(result as never);
  }
}
