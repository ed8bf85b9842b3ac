// The inner state of an object, so that frameworks can wrap the object. A proxy (Vue, valtio, a plain one) cannot reach private
// fields, and wraps every object that it returns. It returns functions as they are, so the state is behind a function.

export const INSIDE = Symbol("inside");

/** The tag makes Vue leave the object alone. It is the object's own: on the prototype it would hide the class from Jest's automock. */
export function putInside(object, inside, tag) {
  Object.defineProperties(object, { [INSIDE]: { value: () => inside }, [Symbol.toStringTag]: { value: tag } });
}
