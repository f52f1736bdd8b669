(* SPDX-License-Identifier: BSD-3-Clause *)
let () =
  let file = Filename.temp_file "watch" "" in
  let lock = Mutex.create () and changed = Condition.create () in
  let seen = ref (-1, -1) in
  let listener size =
    Mutex.lock lock;
    seen := (size, Thread.id (Thread.self ()));
    Condition.signal changed;
    Mutex.unlock lock in
  let watch = Watcher.start file listener in
  List.iter
    (fun text ->
       let channel = open_out file in
       output_string channel text;
       close_out channel;
       Mutex.lock lock;
       while fst !seen <> String.length text do Condition.wait changed lock done;
       Printf.printf "%d bytes, from thread %s\n" (fst !seen)
         (if snd !seen = Thread.id (Thread.self ()) then "main" else "of C");
       Mutex.unlock lock)
    [""; "a"; "bc"; "def"];
  Watcher.stop watch;
  print_endline "the thread has ended";
  Sys.remove file
