// What the user says: flags, then the environment, then `.env`, the first that speaks wins. One table drives the
// reading, the help and the names in which problems are reported.
import { parseArgs, parseEnv } from 'node:util';
import { type CohereProxyOptions, type ConfigProblem, defaults, logLevels, tokenizers } from './config.ts';
import { defaultLimits, durableIdleMs } from './limits.ts';
import { BadValue, contexts, list, wholeNumber, yesOrNo } from './read-value.ts';

type Given = CohereProxyOptions & { readonly proxyKeysFile?: string };

interface Setting {
  /** The option or limit that it sets, under which config.ts reports problems. */
  readonly option: string;
  /** Absent for what must not be seen in a list of processes. */
  readonly flag?: string;
  readonly env: string;
  /** A switch takes no value as a flag. */
  readonly isSwitch?: true;
  /** Given again, it adds to what was given before. */
  readonly isList?: true;
  readonly help: string;
  readonly default?: string | number;
  readonly parse: (text: string) => Given;
}

const minuteMs = 60_000;
const MiB = 1024 * 1024;

const settings: readonly Setting[] = [
  {
    option: 'port',
    flag: 'port',
    env: 'PORT',
    help: 'port to listen on; 0 takes any free one',
    default: defaults.port,
    parse: text => ({ port: wholeNumber(text) }),
  },
  {
    option: 'host',
    flag: 'host',
    env: 'HOST',
    help: 'address to listen on; one beyond this machine needs proxy keys, or clients with Cohere keys of their own',
    default: defaults.host,
    parse: host => ({ host }),
  },
  {
    option: 'cohereApiKey',
    flag: 'cohere-api-key',
    env: 'COHERE_API_KEY',
    help: 'the key for Cohere; better in the environment, where no list of processes shows it',
    default: "each client's own",
    parse: cohereApiKey => ({ cohereApiKey }),
  },
  {
    option: 'cohereBaseUrl',
    flag: 'cohere-base-url',
    env: 'COHERE_BASE_URL',
    help: 'where Cohere, or a gateway before it, is',
    default: defaults.cohereBaseUrl,
    parse: cohereBaseUrl => ({ cohereBaseUrl }),
  },
  {
    option: 'sessionStore',
    flag: 'session-store',
    env: 'SESSION_STORE',
    help: 'sqlite:, sqlite:PATH, memory:, none, or the URL of a Redis; one with a password better in the environment',
    default: defaults.sessionStore,
    parse: sessionStore => ({ sessionStore }),
  },
  {
    option: 'sessionStoreOptional',
    flag: 'session-store-optional',
    env: 'SESSION_STORE_OPTIONAL',
    isSwitch: true,
    help: 'start although the Redis cannot be reached, without sessions until it can',
    default: 'off',
    parse: text => ({ sessionStoreOptional: yesOrNo(text) }),
  },
  {
    option: 'model',
    flag: 'model',
    env: 'COHERE_MODEL',
    help: 'model of a session that names none',
    default: defaults.model,
    parse: model => ({ model }),
  },
  {
    option: 'contexts',
    flag: 'context',
    env: 'COHERE_CONTEXT',
    isList: true,
    help: 'MODEL=TOKENS: the context of a model, whatever Cohere says; again for each model, or with commas between',
    default: 'what Cohere says',
    parse: text => ({ contexts: contexts(text) }),
  },
  {
    option: 'tokenizer',
    flag: 'tokenizer',
    env: 'TOKENIZER',
    help: `${tokenizers.join(', ')}: count with the vocabulary that Cohere names for the model, fetched once; with the installed one alone; or estimate`,
    default: defaults.tokenizer,
    parse: tokenizer => ({ tokenizer }),
  },
  {
    option: 'proxyKeys',
    flag: 'proxy-keys-file',
    env: 'PROXY_KEYS_FILE',
    help: 'who may use the proxy: a name and a key on each line',
    default: 'no file',
    parse: proxyKeysFile => ({ proxyKeysFile }),
  },
  {
    option: 'proxySecret',
    env: 'PROXY_SECRET',
    help: 'at least 32 characters that key the hash of client keys',
    default: 'made once in the data directory',
    parse: proxySecret => ({ proxySecret }),
  },
  {
    option: 'offline',
    flag: 'offline',
    env: 'OFFLINE',
    isSwitch: true,
    help: 'answer from a built-in simulator and never call Cohere',
    default: 'off',
    parse: text => ({ offline: yesOrNo(text) }),
  },
  {
    option: 'allowedHosts',
    flag: 'allowed-hosts',
    env: 'ALLOWED_HOSTS',
    help: 'names besides localhost by which clients may call the proxy, with commas between',
    default: 'none',
    parse: text => ({ allowedHosts: list(text) }),
  },
  {
    option: 'allowedOrigins',
    flag: 'allowed-origins',
    env: 'ALLOWED_ORIGINS',
    help: 'web pages that may call the proxy, such as https://app.example, with commas between',
    default: 'none',
    parse: text => ({ allowedOrigins: list(text) }),
  },
  {
    option: 'labelHeaders',
    flag: 'label-header',
    env: 'LABEL_HEADER',
    isList: true,
    help: "a header with a client's own session id, beside those of known clients; again for each, or with commas between",
    default: 'none',
    parse: text => ({ labelHeaders: list(text) }),
  },
  {
    option: 'limits.sessionIdleMs',
    flag: 'session-idle-minutes',
    env: 'SESSION_IDLE_MINUTES',
    help: 'minutes after its last turn at which a session expires',
    default: `${defaultLimits.sessionIdleMs / minuteMs} in memory, ${durableIdleMs / minuteMs} in sqlite: and Redis`,
    parse: text => ({ limits: { sessionIdleMs: wholeNumber(text, 1) * minuteMs } }),
  },
  {
    option: 'limits.sessions',
    flag: 'max-sessions',
    env: 'MAX_SESSIONS',
    help: 'sessions in memory',
    default: defaultLimits.sessions,
    parse: text => ({ limits: { sessions: wholeNumber(text, 1) } }),
  },
  {
    option: 'limits.sessionStoreBytes',
    flag: 'session-memory-mb',
    env: 'SESSION_MEMORY_MB',
    help: 'megabytes (MiB) for all sessions in memory',
    default: defaultLimits.sessionStoreBytes / MiB,
    parse: text => ({ limits: { sessionStoreBytes: wholeNumber(text, 1) * MiB } }),
  },
  {
    option: 'limits.bodiesBytes',
    flag: 'bodies-mb',
    env: 'BODIES_MB',
    help: 'megabytes (MiB) for the bodies of all requests under way',
    default: defaultLimits.bodiesBytes / MiB,
    parse: text => ({ limits: { bodiesBytes: wholeNumber(text, 1) * MiB } }),
  },
  {
    option: 'limits.ownerRequests',
    flag: 'owner-requests',
    env: 'OWNER_REQUESTS',
    help: "requests of one owner under way; this and the other owner's limits hold with proxy keys or clients' own keys",
    default: defaultLimits.ownerRequests,
    parse: text => ({ limits: { ownerRequests: wholeNumber(text, 1) } }),
  },
  {
    option: 'limits.ownerBodiesBytes',
    flag: 'owner-bodies-mb',
    env: 'OWNER_BODIES_MB',
    help: "megabytes (MiB) for the bodies of one owner's requests under way",
    default: defaultLimits.ownerBodiesBytes / MiB,
    parse: text => ({ limits: { ownerBodiesBytes: wholeNumber(text, 1) * MiB } }),
  },
  {
    option: 'limits.ownerTurns',
    flag: 'owner-turns',
    env: 'OWNER_TURNS',
    help: 'turns that one owner may begin within a minute',
    default: defaultLimits.ownerTurns,
    parse: text => ({ limits: { ownerTurns: wholeNumber(text, 1) } }),
  },
  {
    option: 'limits.ownerSessions',
    flag: 'owner-sessions',
    env: 'OWNER_SESSIONS',
    help: 'sessions of one owner; in memory its own longest unused make room, elsewhere one more is refused',
    default: defaultLimits.ownerSessions,
    parse: text => ({ limits: { ownerSessions: wholeNumber(text, 1) } }),
  },
  {
    option: 'limits.ownerStoredBytes',
    flag: 'owner-store-mb',
    env: 'OWNER_STORE_MB',
    help: 'megabytes (MiB) that are stored of one owner; in Redis roughly',
    default: defaultLimits.ownerStoredBytes / MiB,
    parse: text => ({ limits: { ownerStoredBytes: wholeNumber(text, 1) * MiB } }),
  },
  {
    option: 'logLevel',
    flag: 'log-level',
    env: 'LOG_LEVEL',
    help: logLevels.join(', '),
    default: defaults.logLevel,
    parse: logLevel => ({ logLevel }),
  },
  {
    option: 'dataDir',
    flag: 'data-dir',
    env: 'DATA_DIR',
    help: 'directory for what the proxy makes and keeps',
    default: defaults.dataDir,
    parse: dataDir => ({ dataDir }),
  },
];

export interface CommandLineInput {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of the `.env` file, empty where there is none. */
  readonly dotenv: string;
}

export interface CommandLine {
  readonly options: CohereProxyOptions;
  readonly proxyKeysFile: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
  /** A bad value is not among the options too: it is reported once. */
  readonly problems: readonly ConfigProblem[];
  /** Option → where its value was found: `--port`, `PORT` or `PORT in .env`. */
  readonly sources: ReadonlyMap<string, string>;
}

export function readCommandLine({ argv, env, dotenv }: CommandLineInput): CommandLine {
  const { values, help, version, problems } = readFlags(argv);
  const file = parseEnv(dotenv.replace(/^\uFEFF/, ''));
  const sources = new Map<string, string>();
  let given: Given = {};

  for (const { option, flag, env: variable, parse } of settings) {
    const found = [
      { source: `--${flag}`, text: flag && values.get(flag) },
      { source: variable, text: env[variable]?.trim() },
      { source: `${variable} in .env`, text: file[variable]?.trim() },
    ].find(({ text }) => text);
    if (!found?.text) continue;
    sources.set(option, found.source);
    try {
      const read = parse(found.text);
      given = { ...given, ...read, ...(read.limits && { limits: { ...given.limits, ...read.limits } }) };
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push({ option, text: error.message });
    }
  }
  const { proxyKeysFile, ...options } = given;
  return { options, proxyKeysFile, help, version, problems, sources };
}

/** A line for the user, in the words that the user used. */
export function problemLine({ option, text }: ConfigProblem, sources: CommandLine['sources']): string {
  const setting = settings.find(candidate => candidate.option === option);
  const names = setting && [setting.flag && `--${setting.flag}`, setting.env].filter(Boolean).join(' or ');
  return `${sources.get(option) ?? names ?? option}: ${text}`;
}

export function helpText(): string {
  const rows = settings.map(({ flag, env, isSwitch, help, default: value }) => ({
    left: flag === undefined ? `    ${env}, never a flag` : `  --${flag}${isSwitch ? '' : ` ${env}`}`,
    right: `${help} (default: ${value})`,
  }));
  rows.push({ left: '  --help, -h', right: 'show this and stop' });
  rows.push({ left: '  --version', right: 'show the version and stop' });
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  const wrap = (text: string) => text.match(/\S.{0,63}(?= |$)/g)?.join(`\n${' '.repeat(width)}`);
  return [
    'An OpenAI-compatible proxy in front of Cohere that remembers the conversation.',
    '',
    'Usage: cohere-proxy [options]',
    '',
    ...rows.map(({ left, right }) => left.padEnd(width) + wrap(right)),
    '',
    'What no flag says is taken from the environment, then from .env in the current directory, under the name in',
    'capitals; --offline is OFFLINE=true there.',
    '',
  ].join('\n');
}

interface Flags {
  /** By name; a switch without a value has `true`. */
  readonly values: Map<string, string>;
  readonly help: boolean;
  readonly version: boolean;
  readonly problems: ConfigProblem[];
}

function readFlags(argv: readonly string[]): Flags {
  const types = new Map<string, 'string' | 'boolean'>([
    ['help', 'boolean'],
    ['version', 'boolean'],
  ]);
  for (const { flag, isSwitch } of settings) if (flag) types.set(flag, isSwitch ? 'boolean' : 'string');
  const lists = new Set(settings.flatMap(({ flag, isList }) => (flag && isList ? [flag] : [])));
  const takesValue = (arg: string) => types.get(arg.slice(2)) === 'string';
  // Left alone, parseArgs would take `--host` for the port in `--port --host localhost`.
  const args = argv.map((arg, at) =>
    takesValue(arg) && (argv[at + 1] ?? '--').startsWith('--') ? `${arg}=` : arg,
  );

  const { tokens } = parseArgs({
    args,
    options: { ...Object.fromEntries([...types].map(([name, type]) => [name, { type }])), help: helpFlag },
    // Strict parsing stops at the first problem.
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  let unknownAt = Number.NEGATIVE_INFINITY;
  for (const token of tokens) {
    if (token.kind === 'option' && types.has(token.name)) {
      const value = token.value ?? 'true';
      if (value === '') problems.push({ option: token.rawName, text: 'needs a value' });
      else {
        const before = lists.has(token.name) ? values.get(token.name) : undefined;
        values.set(token.name, before === undefined ? value : `${before},${value}`);
      }
    } else if (token.kind === 'option' && token.index !== unknownAt) {
      problems.push({ option: nameOfUnknown(token.rawName, token.index), text: 'is not an option' });
      unknownAt = token.index;
    } else if (token.kind === 'positional' && token.index !== unknownAt + 1) {
      // Not after an unknown flag, whose value it may be.
      problems.push({ option: `argument ${token.index + 1}`, text: 'is not expected' });
    }
  }
  return { values, help: values.has('help'), version: values.has('version'), problems };
}

const helpFlag = { type: 'boolean', short: 'h' } as const;

/** What is no plain flag may be a key that was pasted in the wrong place, and is not repeated. */
function nameOfUnknown(rawName: string, index: number): string {
  return /^--[a-z]+(-[a-z]+)*$/.test(rawName) ? rawName : `argument ${index + 1}`;
}
