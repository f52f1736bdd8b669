(* SPDX-License-Identifier: BSD-3-Clause *)

(** A file that a thread of C watches. *)
type t

(** [start path listener] calls [listener size] when the size changes, on that thread. *)
val start : string -> (int -> unit) -> t

(** Returns when the thread has ended. *)
val stop : t -> unit
