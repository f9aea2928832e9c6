/** What the worker registers, by name. */
export { goldenImage } from './golden-image';
export { imageLine } from './image-line';
export { lateBake } from './late-bake';
export { lateDeploy } from './late-deploy';
export { lateJudgment } from './late-judgment';
export { lateLaunch } from './late-launch';
export { scheduledRun } from './scheduled-run';
export { sweepRun } from './sweep-run';
