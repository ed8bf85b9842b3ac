// What an object of ours keeps to itself, so that frameworks may wrap the object. A proxy (Vue, valtio, a plain one) does not reach
// private fields, and wraps the objects that it finds; a function it leaves alone, and hands on.

export const INSIDE = Symbol("inside");

export function putInside(object, inside) {
  Object.defineProperty(object, INSIDE, { value: () => inside });
}
