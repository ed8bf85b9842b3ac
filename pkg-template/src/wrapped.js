// What an object of ours keeps to itself, so that frameworks may wrap the object. A proxy (Vue, valtio, a plain one) does not reach
// private fields, and wraps the objects that it finds; a function it leaves alone, and hands on.

export const INSIDE = Symbol("inside");

/** The tag makes Vue leave the object alone. It is the object's own: on the prototype it would hide the class from Jest's automock. */
export function putInside(object, inside, tag) {
  Object.defineProperties(object, { [INSIDE]: { value: () => inside }, [Symbol.toStringTag]: { value: tag } });
}
