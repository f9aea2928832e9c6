import { describeKills } from './killed-worker';

describeKills('before', 'first');
