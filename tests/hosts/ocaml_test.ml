(* SPDX-License-Identifier: BSD-3-Clause *)
external threads : int -> int -> int -> int = "test_threads"
external balance : unit -> int = "test_balance"
external begin_ : unit -> int = "test_begin"
external begin_elsewhere : unit -> int = "test_begin_elsewhere"
external end_ : unit -> int = "test_end"
external released : int -> int -> int = "test_released"
external held : int -> int -> int = "test_held"
external special : int -> int -> int = "test_special"
external late_key : unit -> int = "test_late_key"
external late_arm : unit -> int = "test_late_arm"
external late_wait : unit -> int = "test_late_wait"
external fire : int -> unit = "test_fire"

let count = 0 and raise_ = 1 and nest_held = 2 and nest_released = 3 and work = 4
let calls = ref 0
let seen : (int, int) Hashtbl.t = Hashtbl.create 16 (* thread -> number *)
let sink = ref []

let check name is wanted =
  if is <> wanted then failwith (Printf.sprintf "%s: %d, not %d" name is wanted)

let on_call what number =
  incr calls;
  Hashtbl.replace seen (Thread.id (Thread.self ())) number;
  if what = raise_ then raise Not_found
  else if what = nest_held then begin
    if number > 0 then check "nested" (held (if number mod 2 = 0 then nest_released
                                             else nest_held) (number - 1)) 0
  end else if what = nest_released then begin
    if number > 0 then check "nested" (released nest_held (number - 1)) 0
  end else if what = work then sink := List.init 20 string_of_int

let () = Callback.register "on_call" on_call

let many = 20

let test = function
  | "calls" ->
    check "errors" (threads 8 1000 count) 0;
    check "calls" !calls 8000;
    (* Each thread of C is one thread of OCaml. *)
    check "threads" (Hashtbl.length seen) 8;
    check "balance" (balance ()) 0
  | "first" ->
    (* Before any other thread has called. *)
    check "begin" (begin_ ()) 0;
    check "held" (held count 0) 0;
    check "released" (released count 0) 0
  | "raise" -> check "raised" (threads 4 100 raise_) 400
  | "ocaml" ->
    check "released" (released count 0) 0;
    check "begin" (begin_ ()) 0;
    check "held" (held count 0) 0;
    check "raised" (held raise_ 0) 1;
    let body () =
      for _ = 1 to 100 do
        check "released" (released count 1) 0;
        check "held" (held count 1) 0;
        Thread.yield ()
      done in
    List.iter Thread.join (List.init many (fun _ -> Thread.create body ()));
    check "calls" !calls (3 + many * 200);
    check "balance" (balance ()) 0
  | "nested" ->
    check "errors" (threads 12 1 nest_held) 0;
    check "calls" !calls (12 * 13 / 2);
    check "in C" (special 0 count) 0;
    check "balance" (balance ()) 0
  | "others" ->
    check "unregistered" (special 1 count) 0;
    check "registered" (special 2 count) 0;
    check "balance" (balance ()) 0
  | "destructors" -> check "special" (special 3 count) 0; check "balance" (balance ()) 0
  | "late" ->
    check "begin" (begin_ ()) 0;
    check "key" (late_key ()) 0;
    let t = Thread.create (fun () -> check "held" (held count 0) 0; check "arm" (late_arm ()) 0) () in
    check "late" (late_wait ()) 0;
    Thread.join t;
    check "calls" !calls 2
  | "ends" ->
    for _ = 1 to 50 do
      check "special" (special 4 work) 0;
      Gc.full_major ()
    done;
    check "calls" !calls 50;
    check "balance" (balance ()) 0
  | "stack" -> check "special" (special 5 count) 0
  | "stack-c11" -> check "special" (special 7 count) 0
  | "files" -> check "special" (special 8 count) 0
  | "nested-files" -> check "special" (special 9 count) 0; check "calls" !calls 5
  | "begin-elsewhere" ->
    check "begin" (begin_elsewhere ()) 0;
    check "held" (held count 0) 0;
    check "special" (special 9 count) 0
  | "collector" ->
    let stop = ref false in
    let collector = Thread.create (fun () -> while not !stop do Gc.full_major (); Thread.yield () done) () in
    for _ = 1 to 10 do
      check "errors" (threads 8 100 work) 0
    done;
    stop := true;
    Thread.join collector;
    check "balance" (balance ()) 0
  | "signals" ->
    (* ^C while threads of C call: OCaml's thread gets it. *)
    Sys.catch_break true;
    for _ = 1 to 20 do
      (try
         check "special" (special 6 count) 0;
         while true do Thread.yield () done
       with Sys.Break -> ());
    done;
    fire work;
    for _ = 1 to 20 do
      (try
         Unix.kill (Unix.getpid ()) Sys.sigint;
         while true do Thread.yield () done
       with Sys.Break -> ());
    done
  | "fork" ->
    fire work;
    while !calls < 1000 do Thread.yield () done;
    for _ = 1 to 20 do
      match Unix.fork () with
      | 0 ->
        let before = !calls in
        let ok = released count 0 = 0 && threads 4 10 count = 0 && !calls = before + 41 in
        Unix._exit (if ok then 0 else 1)
      | child ->
        (match Unix.waitpid [] child with
         | _, Unix.WEXITED 0 -> ()
         | _ -> failwith "the child")
    done
  | "closed" ->
    check "end" (end_ ()) 0;
    check "released" (released count 0) (-108 (* ESHUTDOWN *));
    check "begin" (begin_ ()) 0;
    check "released" (released count 0) 0
  | name -> failwith ("no test " ^ name)

let burn what = fire what; while !calls < 1000 do Thread.yield () done

let () =
  match Array.to_list Sys.argv with
  | [_; "exit"] -> burn work; exit 0
  | [_; "return"] -> burn work
  | [_; "raise-exit"] -> burn raise_; exit 0
  | _ :: names ->
    List.iter
      (fun name ->
         calls := 0;
         Hashtbl.reset seen;
         test name;
         print_endline "passed")
      names
  | [] -> ()
