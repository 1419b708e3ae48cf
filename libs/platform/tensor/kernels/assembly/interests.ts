/**
 * Several user vectors of an example: the greatest of their products with a video is its score. Row i · interests + k of
 * `products` belongs to vector k of example i; addresses and strides are in bytes, `count` is a multiple of 4.
 */

/**
 * greatest[i][j] = max over k of products[i · interests + k][j], and routes[i][j] = the first k that has it. NaN counts as
 * the greatest, so that a broken number is seen.
 */
export function greatestProducts(
  products: usize,
  stride: usize,
  count: i32,
  interests: i32,
  from: i32,
  to: i32,
  greatest: usize,
  greatestStride: usize,
  routes: usize,
  routesStride: usize,
): void {
  const bytes = <usize>count << 2;
  for (let i = from; i < to; i++) {
    const first = products + <usize>(i * interests) * stride;
    const target = greatest + <usize>i * greatestStride;
    const route = routes + <usize>i * routesStride;
    for (let at: usize = 0; at < bytes; at += 16) {
      let best = v128.load(first + at);
      let which = i32x4.splat(0);
      for (let k = 1; k < interests; k++) {
        const product = v128.load(first + <usize>k * stride + at);
        const isGreater = v128.or(f32x4.gt(product, best), f32x4.ne(product, product));
        best = v128.bitselect(product, best, isGreater);
        which = v128.bitselect(i32x4.splat(k), which, isGreater);
      }
      v128.store(target + at, best);
      v128.store(route + at, which);
    }
  }
}

/** Back through `greatestProducts`: products[i · interests + k][j] = greatest[i][j] where routes[i][j] is k, else 0. */
export function greatestGradients(
  products: usize,
  stride: usize,
  count: i32,
  interests: i32,
  from: i32,
  to: i32,
  greatest: usize,
  greatestStride: usize,
  routes: usize,
  routesStride: usize,
): void {
  const bytes = <usize>count << 2;
  for (let i = from; i < to; i++) {
    const source = greatest + <usize>i * greatestStride;
    const route = routes + <usize>i * routesStride;
    for (let k = 0; k < interests; k++) {
      const target = products + <usize>(i * interests + k) * stride;
      const own = i32x4.splat(k);
      for (let at: usize = 0; at < bytes; at += 16) {
        const isOwn = i32x4.eq(v128.load(route + at), own);
        v128.store(target + at, v128.and(v128.load(source + at), isOwn));
      }
    }
  }
}
