export { ConfigError, type Config } from './config';
export * from './environment';
export { linesOfNow, loadConfig, runSettings, secretFaults } from './load';
export { createLog } from './log';
export { configJsonSchema } from './schema';
export { temporalConnection } from './temporal';
export { watchConfig, watchOwnConfig } from './watch';
