/** Shape of an operation of the JSON protocols. */
import type { Json } from '../http';
import type { World } from '../world';
import type { Paging } from './params';

export type JsonPager = (token: unknown, asked: unknown, most: number) => Paging;

/** Does it, and gives the answer; throws AwsError. */
export type JsonOperation = (world: World, input: Json, region: string, page: JsonPager) => unknown;
