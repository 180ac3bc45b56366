export { sendCommands } from './send-commands.ts';
export type { Departure, PassEnd, Sender } from './sender.ts';
export { SendingRows, type Holder, type Sent, type Since, type Whose } from './sending-rows.ts';
export type { Target } from './target.ts';
export { effectsTables } from './tables.ts';
