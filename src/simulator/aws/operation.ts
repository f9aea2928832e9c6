/** Shapes of an operation of the EC2 and Query protocols. */
import type { Xml } from '../xml';
import type { World } from '../world';
import type { Paging, Params } from './params';

/** How this request is paged; `most` is AWS's largest page. */
export type Pager = (params: Params, most: number) => Paging;

/** Does it, and gives the answer's content; throws AwsError. */
export type Operation = (world: World, params: Params, region: string, page: Pager) => { readonly [name: string]: Xml };
