/** Images as Clouddriver shows them: from a cache, whose tags lag behind EC2's. */
import type { Behaviour } from '../behaviour';
import type { SimImage, Tags } from '../model';
import type { World } from '../world';

/** Tags as the cache has them, by image; nothing for one that it has not looked at since. */
const caches = new WeakMap<World, Map<string, Tags>>();

const cacheOf = (world: World): Map<string, Tags> => {
  const known = caches.get(world) ?? new Map<string, Tags>();
  caches.set(world, known);
  return known;
};

/** Lets the cache know an image's tags of now, in its own time. */
export function showTags(world: World, image: SimImage, { imageCacheSeconds }: Behaviour): void {
  const tags = { ...image.tags };
  if (imageCacheSeconds !== null) world.clock.after(imageCacheSeconds, () => void cacheOf(world).set(image.id, tags));
}

/** `GET /images/find` (AmazonNamedImageLookupController): by a part of the name, or by id; names of tags in small letters. */
export function findImages(world: World, query: URLSearchParams): readonly object[] {
  const [wanted = '', region] = [query.get('q') ?? '', query.get('region')];
  const found = [...world.images.values()].filter(
    (image) => image.state !== 'deregistered' && (image.id === wanted || image.name.includes(wanted)),
  );
  const names = [...new Set(found.map(({ name }) => name))];
  return names.flatMap((imageName) => {
    const same = found.filter(({ name }) => name === imageName);
    const amis = Object.fromEntries(
      same.map((image) => [image.region, same.filter((one) => one.region === image.region).map(({ id }) => id)]),
    );
    if (region !== null && region !== '' && !(region in amis)) return [];
    const tagsByImageId = Object.fromEntries(same.map(({ id }) => [id, small(cacheOf(world).get(id) ?? {})]));
    return [
      { imageName, attributes: { virtualizationType: 'hvm' }, tagsByImageId, accounts: ['test'], amis, tags: {} },
    ];
  });
}

const small = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
