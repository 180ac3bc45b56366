export { GatheredChanges } from './gathered-changes.ts';
export { GatheredEntitlements, type GatheringOptions } from './gathered-entitlements.ts';
export { sendCommands } from './send-commands.ts';
export type { Departure, PassEnd, Sender } from './sender.ts';
export { SendingRows, type Holder, type Sent, type Since, type Whose } from './sending-rows.ts';
export { StoreTail } from './store-tail.ts';
export type { Target, Together } from './target.ts';
export { effectsTables } from './tables.ts';
