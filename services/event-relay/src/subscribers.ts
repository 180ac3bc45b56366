import { topicMap, topicOfSubscriber, viewFor } from '@muster/contracts';
import type { Topic, View } from '@muster/contracts';

/** Where a system reads what it may see of people: the public topics, or topics of its own. */
export interface Audience {
  readonly identityEvents: string;
  readonly identityState: string;
  /** Absent: everything. */
  readonly view?: View;
}

/** A system that has topics of its own, and the personal fields that it may see. */
export interface Subscriber {
  readonly name: string;
  readonly sees: readonly string[];
}

/** Whoever may read the public topics. */
export const everybody: Audience = { identityEvents: topicMap.identityEvents.name, identityState: topicMap.identityState.name };

export const audienceOf = ({ name, sees }: Subscriber): Audience => ({
  identityEvents: topicOfSubscriber(topicMap.identityEvents, name).name,
  identityState: topicOfSubscriber(topicMap.identityState, name).name,
  view: viewFor(sees),
});

/** The topics that must be there for subscribers. */
export const topicsOf = (subscribers: readonly Pick<Subscriber, 'name'>[]): Topic[] =>
  subscribers.flatMap(({ name }) => [topicOfSubscriber(topicMap.identityEvents, name), topicOfSubscriber(topicMap.identityState, name)]);
