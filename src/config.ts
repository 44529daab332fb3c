// Everything that can be set, its default, and the one place that says whether it fits together. Pure: whoever
// calls has read the environment and the files. No problem ever quotes a value, since any value may be a secret
// that was put in the wrong place.
import {
  bareHost,
  baseUrlProblem,
  type Check,
  canonicalOrigin,
  contextsProblem,
  isHostEntry,
  isHostName,
  isLabelHeader,
  isModelName,
  isOriginEntry,
  isWholeNumber,
  must,
  mustEach,
  proxyKeysProblem,
} from './check-value.ts';
import { isLoopbackHost } from './http/loopback.ts';
import { type GivenLimits, type Limits, limitChecks, limitsOf } from './limits.ts';
import type { ProxyKey } from './proxy-keys.ts';
import { readStoreChoice, type StoreChoice, type StoreKind, storeProblem } from './store-choice.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Whose vocabulary counts: each model's own where Cohere names one, the installed package's, or nobody's. */
export const tokenizers = ['auto', 'package', 'none'] as const;
export type TokenizerChoice = (typeof tokenizers)[number];

/** Whose sessions a request sees, and with which key Cohere is called: the table in `http/owner.ts`. */
export type OwnerMode = 'keys' | 'local' | 'passthrough';

/** What a user of the library, or the command line, may give. What is absent or undefined has its default. */
export interface CohereProxyOptions {
  readonly host?: string | undefined;
  /** 0 takes any free port. */
  readonly port?: number | undefined;
  readonly cohereApiKey?: string | undefined;
  /** With a path prefix where a gateway stands in between; without `/v1` or `/v2` at the end. */
  readonly cohereBaseUrl?: string | undefined;
  /** `sqlite:`, `sqlite:PATH`, `memory:`, `none`, or the URL of a Redis or Valkey. */
  readonly sessionStore?: string | undefined;
  /** Starts although the Redis cannot be reached, without sessions until it can. */
  readonly sessionStoreOptional?: boolean | undefined;
  /** The model of a session that names none. */
  readonly model?: string | undefined;
  /** Tokens by the name of a model, in place of what Cohere and the proxy say. Also for models that neither knows. */
  readonly contexts?: Readonly<Record<string, number>> | undefined;
  /** `auto`, `package` or `none`. */
  readonly tokenizer?: string | undefined;
  readonly proxyKeys?: readonly ProxyKey[] | undefined;
  /** Keys the hash that makes an owner of a client's key. Absent: made once in `dataDir`. */
  readonly proxySecret?: string | undefined;
  /** Answers come from the built-in simulator; Cohere is never called. */
  readonly offline?: boolean | undefined;
  /** Names beside the loopback ones that may stand in a Host header, `name` or `name:port`. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Web pages that may call the proxy, as the browser writes them: `https://app.example`. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Headers that carry a client's own session id, beside those of known clients. */
  readonly labelHeaders?: readonly string[] | undefined;
  readonly logLevel?: string | undefined;
  /** A leading `~/` is the home directory. */
  readonly dataDir?: string | undefined;
  readonly limits?: GivenLimits | undefined;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly cohereBaseUrl: string;
  readonly sessionStore: StoreKind;
  readonly sessionStoreOptional: boolean;
  readonly model: string;
  /** Tokens by the name of a model. */
  readonly contexts: Readonly<Record<string, number>>;
  /** Never `auto` offline. */
  readonly tokenizer: TokenizerChoice;
  readonly offline: boolean;
  /** In lower case. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** In lower case. */
  readonly labelHeaders: readonly string[];
  readonly logLevel: LogLevel;
  readonly dataDir: string;
  readonly limits: Limits;
  readonly ownerMode: OwnerMode;
  // The four below are not enumerable, so that no log line, dump or copy of a Config carries them: a spread or a
  // clone has none.
  readonly cohereApiKey: string | undefined;
  readonly proxyKeys: readonly ProxyKey[] | undefined;
  readonly proxySecret: string | undefined;
  readonly store: StoreChoice;
}

export const defaults = {
  host: '127.0.0.1',
  port: 8080,
  cohereBaseUrl: 'https://api.cohere.com',
  sessionStore: 'sqlite:',
  sessionStoreOptional: false,
  model: 'command-a-03-2025',
  contexts: {},
  tokenizer: 'auto',
  offline: false,
  allowedHosts: [],
  allowedOrigins: [],
  labelHeaders: [],
  logLevel: 'info',
  dataDir: '~/.cohere-proxy',
} as const;

export interface ConfigProblem {
  /** The option's name, `limits.` before a limit's. */
  readonly option: string;
  /** The rest of the line, e.g. `must be a whole number from 0 to 65535`. */
  readonly text: string;
}

/** All that is wrong, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ option, text }) => `${option}: ${text}`).join('\n'));
    this.problems = problems;
  }
}

export function resolveConfig(options: CohereProxyOptions = {}): Config {
  const problems = [...optionProblems(options), ...limitProblems(options.limits), ...ownerProblems(options)];
  if (problems.length > 0) throw new ConfigError(problems);

  const store = storeOf(options);
  const config = {
    host: bareHost(options.host ?? defaults.host),
    port: options.port ?? defaults.port,
    cohereBaseUrl: new URL(options.cohereBaseUrl ?? defaults.cohereBaseUrl).href.replace(/(?<!\/)\/+$/, ''),
    sessionStore: store.kind,
    sessionStoreOptional: options.sessionStoreOptional ?? defaults.sessionStoreOptional,
    model: options.model ?? defaults.model,
    contexts: { ...(options.contexts ?? defaults.contexts) },
    tokenizer: tokenizerOf(options),
    offline: options.offline ?? defaults.offline,
    allowedHosts: (options.allowedHosts ?? defaults.allowedHosts).map(host => host.toLowerCase()),
    allowedOrigins: (options.allowedOrigins ?? defaults.allowedOrigins).map(canonicalOrigin),
    labelHeaders: (options.labelHeaders ?? defaults.labelHeaders).map(name => name.toLowerCase()),
    logLevel: logLevels.find(level => level === options.logLevel) ?? defaults.logLevel,
    dataDir: options.dataDir ?? defaults.dataDir,
    limits: limitsOf(options.limits, store.kind === 'sqlite' || store.kind === 'redis'),
    ownerMode: ownerModeOf(options),
  };
  const { cohereApiKey, proxyKeys, proxySecret } = options;
  return withHidden(config, { cohereApiKey, proxyKeys, proxySecret, store });
}

function storeOf(options: CohereProxyOptions): StoreChoice {
  const { sessionStore = defaults.sessionStore, dataDir = defaults.dataDir } = options;
  return readStoreChoice(sessionStore, dataDir) ?? { kind: 'none' };
}

/** Offline there is nothing to fetch. */
function tokenizerOf({ tokenizer, offline }: CohereProxyOptions): TokenizerChoice {
  const given = tokenizers.find(name => name === tokenizer) ?? defaults.tokenizer;
  return given === 'auto' && offline ? 'package' : given;
}

function ownerModeOf({ proxyKeys, cohereApiKey, offline }: CohereProxyOptions): OwnerMode {
  if (proxyKeys !== undefined) return 'keys';
  return cohereApiKey !== undefined || offline ? 'local' : 'passthrough';
}

/** What each option may not be combined with. Goes by what is given, so that it speaks also where a value is bad. */
function ownerProblems(options: CohereProxyOptions): ConfigProblem[] {
  const { host = defaults.host, cohereApiKey, offline } = options;
  const ownerMode = ownerModeOf(options);
  const problems: ConfigProblem[] = [];
  if (ownerMode === 'keys' && cohereApiKey === undefined && !offline) {
    problems.push({
      option: 'cohereApiKey',
      text: 'is missing: with proxy keys, the proxy calls Cohere with its own key',
    });
  }
  if (ownerMode === 'local' && isHostName(host) && !isLoopbackHost(host)) {
    const text = `must be a loopback address: without proxy keys anyone who reaches the proxy ${
      offline ? 'is the local user' : 'would spend its Cohere key'
    }`;
    problems.push({ option: 'host', text });
  }
  if (storeOf(options).kind === 'redis' && options.proxySecret === undefined) {
    const text =
      'is missing: all proxies that share a store need the same one, or none knows the owners of another';
    problems.push({ option: 'proxySecret', text });
  }
  return problems;
}

const isText = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

const checks: { readonly [Name in keyof CohereProxyOptions]-?: Check } = {
  host: must('be a host name or an IP address', isHostName),
  port: must('be a whole number from 0 to 65535', value => isWholeNumber(value) && value <= 65_535),
  cohereApiKey: must('be visible ASCII characters without spaces', isText(/^[\x21-\x7e]+$/)),
  cohereBaseUrl: baseUrlProblem,
  sessionStore: storeProblem,
  sessionStoreOptional: must('be true or false', value => typeof value === 'boolean'),
  model: must('be a model name', isModelName),
  contexts: contextsProblem,
  tokenizer: must(`be one of ${tokenizers.join(', ')}`, value => tokenizers.some(name => name === value)),
  proxyKeys: proxyKeysProblem,
  proxySecret: must('have at least 32 characters', isText(/^.{32,}$/s)),
  offline: must('be true or false', value => typeof value === 'boolean'),
  allowedHosts: mustEach('be a host name, with a port or without: no scheme, no path, no *', isHostEntry),
  allowedOrigins: mustEach(
    'be an origin such as https://app.example: no path, no *, not null',
    isOriginEntry,
  ),
  labelHeaders: mustEach('be the name of a header, and not of one that carries keys', isLabelHeader),
  logLevel: must(`be one of ${logLevels.join(', ')}`, value => logLevels.some(level => level === value)),
  dataDir: must('be the path of a directory', isText(/^[^\0]+$/)),
  limits: must('be an object', limits => Object(limits) === limits),
};

function limitProblems(limits: CohereProxyOptions['limits']): ConfigProblem[] {
  return typeof limits === 'object' ? problemsOf(limits, limitChecks(), 'limits.') : [];
}

function problemsOf(values: object, checksByName: ReadonlyMap<string, Check>, prefix = ''): ConfigProblem[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const check = checksByName.get(name);
    const text = check === undefined ? 'is not an option' : value === undefined ? undefined : check(value);
    return text === undefined ? [] : [{ option: prefix + name, text }];
  });
}

function optionProblems(options: CohereProxyOptions): ConfigProblem[] {
  return problemsOf(options, new Map(Object.entries(checks)));
}

/** Properties that can be read by name, and that nothing lists, copies, logs or inspects. */
function withHidden<Shown extends object, Hidden extends object>(
  shown: Shown,
  hidden: Hidden,
): Shown & Hidden {
  const descriptors = Object.fromEntries(Object.entries(hidden).map(([name, value]) => [name, { value }]));
  return Object.defineProperties(shown, descriptors) as Shown & Hidden;
}
