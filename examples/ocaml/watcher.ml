(* SPDX-License-Identifier: BSD-3-Clause *)
type t = nativeint

external start : string -> (int -> unit) -> t = "watch_start_stub"
external stop : t -> unit = "watch_stop_stub"

(* The threads of C need module Thread. *)
let () = ignore (Thread.self ())
