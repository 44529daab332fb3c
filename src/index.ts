export { formatMessagesForCohereChat } from './cohere/format-messages.ts';
export { type CohereProxyOptions, ConfigError } from './config.ts';
export type { Message } from './conversation/message.ts';
export { intelligentTruncateMessages } from './conversation/truncate.ts';
export type { Limits } from './limits.ts';
export { CohereProxyServer } from './server.ts';
