// A request to the HTTP server whose body has not been read yet, and its answer.

// ---------------------------------------------------------------- what is posted to us

/** A request to one of our endpoints, before anybody knows who sent it. */
export interface Post {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Reads the body, once. */
  readonly body: (asked: PostBodyAsked) => Promise<PostBody>;
}

export interface PostBodyAsked {
  readonly most_bytes: number;
  /** Is given each piece as it arrives; the piece is not kept. */
  readonly seen?: (piece: Uint8Array) => void;
  /** Asked at the end, before anything is made of the body. */
  readonly verified?: () => boolean;
}

/**
 * `whole`: read as UTF-8. `unverified`: `verified` said no. `no_room`: strangers hold all that they may together, and this one
 * was among those who held most. `broken`: the sender is gone, or was too slow.
 */
export type PostBody =
  | { readonly kind: "whole"; readonly text: string }
  | { readonly kind: "too_large" | "no_room" | "unverified" | "broken" };

export interface PostReply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}
