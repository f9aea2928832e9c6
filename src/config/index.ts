export { ConfigError, type Config } from './config';
export * from './environment';
export { loadConfig, runSettings, secretFaults } from './load';
export { createLog, tellChange } from './log';
export { configJsonSchema } from './schema';
export { temporalConnection } from './temporal';
export { watchConfig } from './watch';
