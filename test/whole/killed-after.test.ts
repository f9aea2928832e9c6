import { describeKills } from './killed-worker';

describeKills('after');
