export { type Answered, HookRig, type HookRigOptions } from './testing/hook-rig.ts';
export { until } from './testing/until.ts';
